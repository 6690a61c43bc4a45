// Time series panel: axes, marks, lines, areas, bars, stacks, thresholds, annotations, crosshair.
import { s, svgRoot, uniqueId } from "../dom.js";
import { formatText } from "../units.js";
import { thresholdSteps } from "../display.js";
import { timeTicks } from "../timerange.js";
import { linear, logarithmic, logAxis, tickTexts, valueAxis } from "./scale.js";
import { axesOf, extent, seriesOf, stack, stackMode } from "./series.js";
import { layout, legendOf } from "./legend.js";
import { drawSeries } from "./marks.js";
import { drawAnnotations } from "./events.js";
import { attachHover } from "./hover.js";

export function timeseries(body, context) {
  const { panel, frames, range, state } = context;
  const all = seriesOf(frames);
  if (all.length === 0 || all.every((series) => series.values.every((value) => value === null))) return context.noData();
  const keyOf = (series) => series.name;
  const items = all.filter((series) => !series.custom.hideFrom?.legend).map((series) => ({
    key: keyOf(series), name: series.name, color: series.color, values: series.values, field: series.field, dashed: series.custom.lineStyle?.fill === "dash",
  }));
  const redraw = () => timeseries(body, context);
  const options = panel.options?.legend || {};
  const { plot, width, height } = layout(body, legendOf(options, items, state, redraw), options.placement);
  const visible = all.filter((series) => !series.hidden && !state.hidden.has(keyOf(series)));
  stack(visible);
  const axes = axesOf(visible.length ? visible : all.slice(0, 1).map((series) => ({ ...series, tops: [], bottoms: [] })));
  drawChart(plot, { context, range, axes, visible, width, height });
  return undefined;
}

function drawChart(plot, { context, range, axes, visible, width, height }) {
  const top = 8, bottom = height - 22;
  let left = 4, right = width - 8;
  for (const axis of axes) {
    measure(axis, bottom - top);
    if (axis.hidden) continue;
    axis.width = Math.max(...axis.texts.map((text) => text.length)) * 6.3 + 12 + (axis.custom.axisLabel ? 18 : 0);
    if (axis.side === "left") left += axis.width;
    else right -= axis.width;
  }
  if (right - left < 40 || bottom - top < 20) return;
  const svg = svgRoot(width, height, { cls: "chart" });
  const x = linear(range.from, range.to, left, right);
  const area = { left, right, top, bottom };
  const clip = uniqueId("clip");
  svg.append(s("defs", {}, s("clipPath", { id: clip }, s("rect", { x: left, y: top - 2, width: right - left, height: bottom - top + 4 }))));
  drawTimeAxis(svg, range, x, area);
  drawValueAxes(svg, axes, area);
  const layer = s("g", { "clip-path": `url(#${clip})` });
  svg.append(layer);
  drawThresholds(layer, axes, area);
  const marks = s("g", {});
  layer.append(marks);
  for (const axis of axes) for (const series of axis.series) series.axis = axis;
  // The last series of a stack lies at the bottom of the drawing order, so that lines stay visible.
  for (const series of [...visible].reverse()) drawSeries(marks, svg, series, x, area);
  drawAnnotations(svg, context.annotations, range, x, area);
  plot.append(svg);
  attachHover(plot, svg, { context, visible, x, area, range });
}

function measure(axis, height) {
  const { config, custom } = axis;
  const { low, high } = extent(axis);
  const percent = axis.series.some((series) => stackMode(series) === "percent");
  const unit = percent ? "percentunit" : axis.unit;
  const logBase = custom.scaleDistribution?.type === "log" ? custom.scaleDistribution.log || 2 : 0;
  const limits = logBase
    ? logAxis(positiveLow(axis, low), high ?? 1, logBase)
    : valueAxis({ low, high, min: config.min, max: percent ? 1 : config.max, softMin: custom.axisSoftMin, softMax: custom.axisSoftMax, height, unit, centered: custom.axisCenteredZero, decimals: config.decimals });
  Object.assign(axis, limits, { shownUnit: unit });
  const wanted = config.decimals ?? undefined;
  axis.texts = axis.ticks.map((tick) => formatText(tick, unit, wanted));
  // Marks that read the same, or no wish for decimals: as many as are needed.
  if (!logBase && (wanted === undefined || new Set(axis.texts).size < axis.texts.length)) axis.texts = tickTexts(axis.ticks, axis.step, (value, decimals) => formatText(value, unit, decimals));
  axis.scale = (from, to) => (logBase ? logarithmic(axis.low, axis.high, from, to, logBase) : linear(axis.low, axis.high, from, to));
}

function positiveLow(axis, fallback) {
  const positive = axis.series.flatMap((series) => series.tops).filter((value) => value > 0);
  return positive.length ? Math.min(...positive) : fallback ?? 1;
}

function drawTimeAxis(svg, range, x, area) {
  for (const { at, text } of timeTicks(range.from, range.to, area.right - area.left)) {
    const position = x(at);
    svg.append(s("line", { cls: "grid", x1: position, x2: position, y1: area.top, y2: area.bottom }));
    if (position > area.left + 8 && position < area.right - 6) svg.append(s("text", { cls: "tick", x: position, y: area.bottom + 16, "text-anchor": "middle" }, text));
  }
}

function drawValueAxes(svg, axes, area) {
  let leftEdge = area.left, rightEdge = area.right;
  axes.forEach((axis, index) => {
    axis.y = axis.scale(area.bottom, area.top);
    const isLeft = axis.side === "left";
    axis.ticks.forEach((tick, at) => {
      const y = axis.y(tick);
      if (y < area.top - 1 || y > area.bottom + 1) return;
      if (index === 0 && axis.custom.axisGridShow !== false) svg.append(s("line", { cls: "grid", x1: area.left, x2: area.right, y1: y, y2: y }));
      if (!axis.hidden) svg.append(s("text", { cls: "tick", x: isLeft ? leftEdge - 7 : rightEdge + 7, y: y + 4, "text-anchor": isLeft ? "end" : "start" }, axis.texts[at]));
    });
    if (axis.custom.axisLabel && !axis.hidden) {
      const at = isLeft ? leftEdge - axis.width + 10 : rightEdge + axis.width - 6, middle = (area.top + area.bottom) / 2;
      svg.append(s("text", { cls: "tick axis-label", x: at, y: middle, "text-anchor": "middle", transform: `rotate(-90 ${at} ${middle})` }, axis.custom.axisLabel));
    }
    if (axis.hidden) return;
    if (isLeft) leftEdge -= axis.width;
    else rightEdge += axis.width;
  });
}

function drawThresholds(layer, axes, area) {
  const axis = axes[0];
  const mode = axis.custom.thresholdsStyle?.mode || "off";
  if (mode === "off") return;
  const steps = thresholdSteps(axis.config, [axis.low, axis.high]);
  steps.forEach((step, index) => {
    const from = axis.y(Math.max(step.value, axis.low)), to = axis.y(Math.min(steps[index + 1]?.value ?? axis.high, axis.high));
    if (mode.includes("area") && step.value < axis.high && from > to) layer.append(s("rect", { x: area.left, width: area.right - area.left, y: to, height: from - to, fill: step.color, opacity: 0.1 }));
    if ((mode.includes("line") || mode.includes("dashed")) && index > 0 && step.value >= axis.low && step.value <= axis.high) {
      layer.append(s("line", { x1: area.left, x2: area.right, y1: from, y2: from, stroke: step.color, "stroke-width": 1.5, opacity: 0.8, "stroke-dasharray": mode.includes("dashed") ? "8 6" : undefined }));
    }
  });
}

