// Bar chart panel: categories from a text (or time) column, bars from the number columns.
import { s, svgRoot } from "../dom.js";
import { displayText, valueColor } from "../display.js";
import { bounds } from "../fieldconfig.js";
import { numberFields } from "../frames.js";
import { formatText } from "../units.js";
import { legendOf, layout } from "./legend.js";
import { linear, tickTexts, valueAxis } from "./scale.js";
import { hideTooltip, showTooltip } from "./tooltip.js";

export function barchart(body, context) {
  const { panel, frames, state, noData } = context;
  const options = panel.options || {};
  const frame = frames.find((candidate) => numberFields(candidate).length && candidate.length);
  if (!frame) return noData();
  const category = frame.fields.find((field) => field.display === options.xField) || frame.fields.find((field) => field.type === "string") || frame.fields.find((field) => field.type === "time") || frame.fields[0];
  const fields = numberFields(frame).filter((field) => field !== category && !field.config.custom?.hideFrom?.viz);
  if (!fields.length) return noData();
  const items = fields.map((field) => ({ key: field.display, name: field.display, color: field.color, values: field.values, field }));
  const redraw = () => barchart(body, context);
  const { plot, width, height } = layout(body, legendOf(options.legend, items, state, redraw), options.legend?.placement);
  const shown = fields.filter((field) => !state.hidden.has(field.display));
  const sideways = options.orientation === "horizontal" || (options.orientation !== "vertical" && width < height);
  if (shown.length) plot.append(draw({ frame, category, fields: shown, options, sideways, width, height }));
  return undefined;
}

function draw({ frame, category, fields, options, sideways, width, height }) {
  const svg = svgRoot(width, height, { cls: "chart" });
  const names = Array.from({ length: frame.length }, (_, row) => displayText(category, category.values[row]));
  const stacked = (options.stacking || "none") !== "none", percent = options.stacking === "percent";
  const totals = names.map((_, row) => fields.reduce((sum, field) => sum + Math.max(0, field.values[row] || 0), 0));
  const peak = Math.max(...names.map((_, row) => (stacked ? totals[row] : Math.max(...fields.map((field) => field.values[row] ?? 0)))));
  const unit = percent ? "percentunit" : fields[0].config.unit;
  const least = Math.min(0, ...fields.flatMap((field) => field.values.filter((value) => value !== null)));
  const axis = valueAxis({ low: least, high: percent ? 1 : peak, min: fields[0].config.min ?? (least === 0 ? 0 : undefined), max: percent ? 1 : fields[0].config.max, height: sideways ? width / 2 : height, unit });
  const texts = tickTexts(axis.ticks, axis.step, (value, decimals) => formatText(value, unit, decimals));
  const longest = Math.max(...names.map((name) => name.length)) * 6.4 + 12;
  const left = sideways ? Math.min(longest, width * 0.4) : Math.max(...texts.map((text) => text.length)) * 6.4 + 12;
  const area = { left, right: width - 12, top: 8, bottom: height - 22 };
  const value = sideways ? linear(axis.low, axis.high, area.left, area.right) : linear(axis.low, axis.high, area.bottom, area.top);
  axis.ticks.forEach((tick, index) => {
    const at = value(tick);
    svg.append(sideways ? s("line", { cls: "grid", x1: at, x2: at, y1: area.top, y2: area.bottom }) : s("line", { cls: "grid", x1: area.left, x2: area.right, y1: at, y2: at }),
      s("text", sideways ? { cls: "tick", x: at, y: area.bottom + 16, "text-anchor": "middle" } : { cls: "tick", x: area.left - 7, y: at + 4, "text-anchor": "end" }, texts[index]));
  });
  const slot = (sideways ? area.bottom - area.top : area.right - area.left) / names.length;
  const group = slot * (options.groupWidth ?? 0.7), thick = Math.max(1, stacked ? group * (options.barWidth ?? 0.97) : (group / fields.length) * (options.barWidth ?? 0.97));
  names.forEach((name, row) => {
    const middle = (sideways ? area.top : area.left) + slot * (row + 0.5);
    nameTick(svg, name, middle, { sideways, area, slot, every: Math.max(1, Math.ceil(longest / Math.max(slot, 1))), row });
    let base = 0;
    fields.forEach((field, index) => {
      const raw = field.values[row];
      if (raw === null || raw === undefined) return;
      const amount = percent ? (totals[row] ? raw / totals[row] : 0) : Number(raw);
      const from = value(stacked ? base : Math.max(axis.low, Math.min(0, axis.high))), to = value(stacked ? base + amount : amount);
      if (stacked) base += amount;
      const across = stacked ? middle - thick / 2 : middle - group / 2 + (group / fields.length) * (index + 0.5) - thick / 2;
      bar(svg, { field, name, raw, from, to, across, thick, sideways, options });
    });
  });
  return svg;
}

function nameTick(svg, name, middle, { sideways, area, slot, every, row }) {
  if (!sideways && row % every) return;
  const room = Math.floor((sideways ? area.left - 14 : slot * every - 4) / 6.4);
  const text = name.length > room ? `${name.slice(0, Math.max(1, room - 1))}…` : name;
  svg.append(s("text", sideways ? { cls: "tick", x: area.left - 8, y: middle + 4, "text-anchor": "end" } : { cls: "tick", x: middle, y: area.bottom + 16, "text-anchor": "middle" }, text, s("title", {}, name)));
}

function bar(svg, { field, name, raw, from, to, across, thick, sideways, options }) {
  const mode = field.config.color?.mode || "palette-classic";
  const tint = mode.startsWith("palette") || mode === "fixed" ? field.color : valueColor(field, raw, bounds(field));
  const low = Math.min(from, to), size = Math.max(Math.abs(to - from), 0.5), fill = (field.config.custom?.fillOpacity ?? 80) / 100;
  const box = sideways ? { x: low, y: across, width: size, height: thick } : { x: across, y: low, width: thick, height: size };
  const rect = s("rect", { cls: "block", ...box, rx: Math.min(3, thick * (options.barRadius || 0.12)), fill: tint, "fill-opacity": fill, stroke: tint, "stroke-width": field.config.custom?.lineWidth ?? 1 });
  const text = displayText(field, raw);
  rect.addEventListener("pointermove", (event) => showTooltip(event, name, [{ color: tint, name: field.display, value: text }]));
  rect.addEventListener("pointerleave", hideTooltip);
  svg.append(rect);
  const show = options.showValue || "auto", fits = sideways ? thick > 11 : text.length * 6.4 < thick;
  if (show === "always" || (show === "auto" && fits)) svg.append(s("text", sideways ? { cls: "tick", x: Math.max(from, to) + 5, y: across + thick / 2 + 4 } : { cls: "tick", x: across + thick / 2, y: low - 4, "text-anchor": "middle" }, text));
}
