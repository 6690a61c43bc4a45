// State timeline and status history: one row a field, one block a run of equal values.
import { s, svgRoot } from "../dom.js";
import { contrast, classic, byName } from "../theme.js";
import { bounds } from "../fieldconfig.js";
import { displayText, applyMappings, valueColor } from "../display.js";
import { timeField } from "../frames.js";
import { dateTime, formatText } from "../units.js";
import { timeTicks } from "../timerange.js";
import { legendOf, layout } from "./legend.js";
import { linear } from "./scale.js";
import { hideTooltip, showTooltip } from "./tooltip.js";

export function statetimeline(body, context) {
  const { panel, frames, range, state, noData } = context;
  const options = panel.options || {};
  const rows = frames.filter(timeField).flatMap((frame) => frame.fields.filter((field) => field.type !== "time" && !field.config.custom?.hideFrom?.viz).map((field) => ({ field, times: timeField(frame).values, interval: timeField(frame).config.interval || field.config.interval })));
  if (rows.length === 0 || rows.every(({ times }) => times.length === 0)) return noData();
  for (const row of rows) row.blocks = blocksOf(row, range, options.mergeValues !== false);
  const seen = new Map(rows.flatMap((row) => row.blocks.map((block) => [block.text, block])));
  const items = [...seen.values()].filter((block) => block.text).map((block) => ({ key: block.text, name: block.text, color: block.color, field: block.field }));
  const redraw = () => statetimeline(body, context);
  const { plot, width, height } = layout(body, legendOf({ ...options.legend, calcs: [] }, items, state, redraw), options.legend?.placement);
  plot.append(draw(rows, { options, range, width, height, hidden: state.hidden }));
  return undefined;
}

function blocksOf({ field, times, interval }, range, merge) {
  const blocks = [], span = bounds(field);
  times.forEach((time, index) => {
    const value = field.values[index];
    if (value === null || value === undefined) return;
    const next = index + 1 < times.length ? times[index + 1] : null;
    // After the last sample a state is believed for one interval only.
    const until = next === null ? Math.min(range.to, time + (interval || (index ? time - times[index - 1] : 60000))) : interval && next - time > interval * 2.5 ? time + interval : next;
    const text = displayText(field, value), last = blocks.at(-1);
    if (merge && last && last.text === text && last.until >= time) last.until = until;
    else blocks.push({ field, value, text, from: time, until, color: colorOf(field, value, text, span) });
  });
  return blocks;
}

function colorOf(field, value, text, span) {
  const mode = field.config.color?.mode || "thresholds";
  const mapped = applyMappings(field.config.mappings, value);
  if (mapped?.color) return valueColor(field, value, span);
  if (mode === "palette-classic" && (typeof value === "string" || mapped)) return byName(text);
  if (mode.startsWith("palette")) return field.color || classic(0);
  return valueColor(field, typeof value === "boolean" ? Number(value) : value, span);
}

function draw(rows, { options, range, width, height, hidden }) {
  const svg = svgRoot(width, height, { cls: "chart" });
  const longest = Math.max(...rows.map(({ field }) => field.display.length));
  const named = !(rows.length === 1 && longest > 40);
  const left = named ? Math.min(longest * 6.6 + 14, width * 0.3) : 6, right = width - 8, bottom = height - 22;
  const x = linear(range.from, range.to, left, right);
  for (const { at, text } of timeTicks(range.from, range.to, right - left)) {
    svg.append(s("line", { cls: "grid", x1: x(at), x2: x(at), y1: 4, y2: bottom }), s("text", { cls: "tick", x: x(at), y: bottom + 16, "text-anchor": "middle" }, text));
  }
  const slot = (bottom - 4) / rows.length, thick = slot * (options.rowHeight ?? 0.9);
  rows.forEach(({ field, blocks }, index) => {
    const y = 4 + slot * index + (slot - thick) / 2;
    const shownName = field.display.length * 6.6 > left - 12 ? `${field.display.slice(0, Math.floor((left - 20) / 6.6))}…` : field.display;
    if (named) svg.append(s("text", { cls: "tick row-name", x: left - 9, y: y + thick / 2 + 4, "text-anchor": "end" }, shownName));
    for (const block of blocks) drawBlock(svg, block, { x, y, thick, left, right, options, faded: hidden.has(block.text) });
  });
  return svg;
}

function drawBlock(svg, block, { x, y, thick, left, right, options, faded }) {
  const from = Math.max(left, x(block.from)), to = Math.min(right, x(block.until));
  if (to <= from) return;
  const fill = (block.field.config.custom?.fillOpacity ?? 70) / 100;
  const rect = s("rect", { cls: "block", x: from, y, width: Math.max(to - from - 1, 1), height: thick, rx: 2, fill: block.color, "fill-opacity": faded ? 0.08 : fill, stroke: block.color, "stroke-opacity": faded ? 0.1 : 0.85, "stroke-width": block.field.config.custom?.lineWidth ?? 0 });
  rect.addEventListener("pointermove", (event) => showTooltip(event, `${dateTime(block.from)} – ${dateTime(block.until).slice(11)}`, [{ color: block.color, name: block.field.display, value: block.text }, { name: "Duration", value: formatText(block.until - block.from, "dtdurationms") }]));
  rect.addEventListener("pointerleave", hideTooltip);
  svg.append(rect);
  const room = to - from - 8;
  if ((options.showValue || "auto") !== "never" && !faded && thick > 13 && block.text.length * 6.8 < room) {
    const align = options.alignValue || "left";
    const at = align === "center" ? (from + to) / 2 : align === "right" ? to - 6 : from + 6;
    svg.append(s("text", { cls: "block-text", x: at, y: y + thick / 2 + 4, "text-anchor": { left: "start", center: "middle", right: "end" }[align], fill: fill > 0.6 ? contrast(block.color) : "var(--text)" }, block.text));
  }
}
