// Gauge panel: an arc filled up to the value, with the thresholds as a thin band around it.
import { h, s, svgRoot } from "../dom.js";
import { thresholdSteps } from "../display.js";
import { arrange, fitFont, reducedValues, textOf } from "./values.js";

const START = -215, END = 35; // degrees; 0 points to the right

function point(cx, cy, radius, share) {
  const angle = ((START + (END - START) * share) * Math.PI) / 180;
  return [cx + radius * Math.cos(angle), cy + radius * Math.sin(angle)];
}

function arc(cx, cy, radius, from, to) {
  const [x0, y0] = point(cx, cy, radius, from), [x1, y1] = point(cx, cy, radius, to);
  const large = (END - START) * (to - from) > 180 ? 1 : 0;
  return `M${x0.toFixed(2)},${y0.toFixed(2)}A${radius},${radius} 0 ${large} 1 ${x1.toFixed(2)},${y1.toFixed(2)}`;
}

export function gauge(body, { panel, frames, noData }) {
  const list = reducedValues(panel, frames);
  if (list.length === 0 || list.every((item) => item.value === null)) return noData();
  const width = body.clientWidth, height = body.clientHeight;
  const { columns, rows } = arrange(list.length, width, height, 1.25, panel.options?.orientation);
  const size = { width: width / columns, height: height / rows };
  body.replaceChildren(h("div", { cls: "boxes", style: { gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))` } },
    list.map((item) => one(item, panel.options || {}, size, list.length))));
  return undefined;
}

function one(item, options, { width, height }, count) {
  const showName = count > 1;
  const nameHeight = showName ? 20 : 0;
  const radius = Math.max(12, Math.min((width - 16) / 2, (height - nameHeight - 8) / 1.62));
  const cx = width / 2, cy = (height - nameHeight - radius * 1.6) / 2 + radius + 2;
  const thick = radius * 0.24, band = radius * 0.045;
  const [low, high] = [item.field.config.min ?? (item.field.config.unit === "percentunit" ? 0 : item.span[0]), item.field.config.max ?? defaultMax(item)];
  const share = Math.max(0, Math.min(1, ((item.value ?? low) - low) / (high - low || 1)));
  const svg = svgRoot(width, height, { cls: "gauge" });
  const inner = radius - band * 2.4 - thick / 2;
  svg.append(s("path", { cls: "track", d: arc(cx, cy, inner, 0, 1), "stroke-width": thick, fill: "none" }));
  if (share > 0.002) svg.append(s("path", { d: arc(cx, cy, inner, 0, share), stroke: item.color, "stroke-width": thick, fill: "none" }));
  if (options.showThresholdMarkers !== false) {
    const steps = thresholdSteps(item.field.config, [low, high]);
    steps.forEach((step, index) => {
      const from = Math.max(0, (Math.max(step.value, low) - low) / (high - low)), to = Math.min(1, ((steps[index + 1]?.value ?? high) - low) / (high - low));
      if (to > from) svg.append(s("path", { d: arc(cx, cy, radius - band / 2, from, to), stroke: step.color, "stroke-width": band, fill: "none" }));
    });
  }
  const text = textOf(item);
  svg.append(s("text", { x: cx, y: cy + radius * 0.16, "text-anchor": "middle", "font-size": fitFont(text, inner * 1.42, radius * 0.5, 64), "font-weight": 500, fill: item.color }, text));
  if (showName) svg.append(s("text", { cls: "gauge-name", x: cx, y: Math.min(height - 5, cy + radius * 0.62 + nameHeight), "text-anchor": "middle" }, item.name));
  return h("div", { cls: "gauge-box", title: `${item.name}: ${text}` }, svg);
}

const defaultMax = (item) => (item.field.config.unit === "percentunit" ? 1 : item.field.config.unit === "percent" ? 100 : Math.max(100, item.span[1]));
