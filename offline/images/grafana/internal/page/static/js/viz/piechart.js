// Pie and donut.
import { s, svgRoot } from "../dom.js";
import { classic, contrast } from "../theme.js";
import { legendOf, layout } from "./legend.js";
import { hideTooltip, showTooltip } from "./tooltip.js";
import { reducedValues, textOf } from "./values.js";

export function piechart(body, context) {
  const { panel, frames, state, noData } = context;
  const options = panel.options || {};
  const all = reducedValues(panel, frames).filter((item) => typeof item.value === "number" && item.value > 0);
  if (all.length === 0) return noData();
  const byRow = options.reduceOptions?.values;
  all.forEach((item, index) => {
    const mode = item.field.config.color?.mode || "palette-classic";
    if (!item.shown.color && mode.startsWith("palette")) item.color = byRow ? classic(index) : item.field.color;
  });
  const sort = options.sort || "desc";
  if (sort !== "none") all.sort((a, b) => (sort === "desc" ? b.value - a.value : a.value - b.value));
  const sum = all.reduce((total, item) => total + item.value, 0);
  const wanted = options.legend?.values || [];
  const items = all.map((item) => ({ ...item, key: item.name, extra: [wanted.includes("value") ? textOf(item) : "", wanted.includes("percent") ? percent(item.value / sum) : ""].filter(Boolean) }));
  const redraw = () => piechart(body, context);
  const { plot, width, height } = layout(body, legendOf({ ...options.legend, displayMode: options.legend?.displayMode === "hidden" ? "hidden" : "list", calcs: [] }, items, state, redraw), options.legend?.placement);
  const shown = all.filter((item) => !state.hidden.has(item.name));
  plot.append(draw(shown, options, width, height));
  return undefined;
}

const percent = (share) => `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;

function draw(list, options, width, height) {
  const svg = svgRoot(width, height, { cls: "pie" });
  const total = list.reduce((sum, item) => sum + item.value, 0);
  const radius = Math.max(10, Math.min(width, height) / 2 - 6), hole = options.pieType === "donut" ? radius * 0.62 : 0;
  const cx = width / 2, cy = height / 2;
  let from = -Math.PI / 2;
  for (const item of list) {
    const share = item.value / total, to = from + share * Math.PI * 2;
    const slice = s("path", { d: ring(cx, cy, radius, hole, from, Math.min(to, from + Math.PI * 2 - 1e-4)), fill: item.color, cls: "slice" });
    slice.addEventListener("pointermove", (event) => showTooltip(event, "", [{ color: item.color, name: item.name, value: `${textOf(item)} (${percent(share)})` }]));
    slice.addEventListener("pointerleave", hideTooltip);
    svg.append(slice);
    const labels = (options.displayLabels || []).map((label) => ({ percent: percent(share), value: textOf(item), name: item.name })[label]).filter(Boolean);
    if (labels.length && share > 0.045) {
      const middle = (from + to) / 2, at = hole ? (radius + hole) / 2 : radius * 0.66;
      svg.append(s("text", { cls: "slice-label", x: cx + at * Math.cos(middle), y: cy + at * Math.sin(middle) + 4, "text-anchor": "middle", fill: contrast(item.color) }, labels.join(" ")));
    }
    from = to;
  }
  return svg;
}

function ring(cx, cy, outer, inner, from, to) {
  const large = to - from > Math.PI ? 1 : 0;
  const at = (radius, angle) => `${(cx + radius * Math.cos(angle)).toFixed(2)},${(cy + radius * Math.sin(angle)).toFixed(2)}`;
  if (!inner) return `M${cx},${cy}L${at(outer, from)}A${outer},${outer} 0 ${large} 1 ${at(outer, to)}Z`;
  return `M${at(outer, from)}A${outer},${outer} 0 ${large} 1 ${at(outer, to)}L${at(inner, to)}A${inner},${inner} 0 ${large} 0 ${at(inner, from)}Z`;
}
