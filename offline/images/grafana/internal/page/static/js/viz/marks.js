// The marks of one series: area, line, bars and points.
import { s, uniqueId } from "../dom.js";
import { CONTINUOUS } from "../theme.js";
import { valueColor } from "../display.js";
import { areaBetween, lineThrough, runs } from "./paths.js";
import { stackMode } from "./series.js";

export function drawSeries(marks, svg, series, x, area) {
  const { custom, axis, times, tops, bottoms } = series;
  const style = custom.drawStyle || "line";
  const inside = times.map((time) => time >= 0);
  const stacked = stackMode(series) !== "none";
  const points = (indexes, values) => indexes.map((index) => [x(times[index]), axis.y(values[index])]);
  const zero = axis.y(Math.max(axis.low, Math.min(axis.high, 0)));
  const group = s("g", { cls: "series" });
  marks.append(group);
  if (style === "bars") {
    drawBars(group, series, x, area, zero, stacked);
    return;
  }
  const parts = runs(times, tops, { spanNulls: stacked ? true : custom.spanNulls, interval: stacked ? 0 : series.interval }).filter((part) => part.some((index) => inside[index]));
  const lineWidth = custom.lineWidth ?? 1, fill = (custom.fillOpacity ?? 0) / 100;
  const interpolation = custom.lineInterpolation || "linear";
  const stroke = strokeOf(svg, series, area);
  // A shaded fill has its opacity inside the gradient.
  const shaded = ["opacity", "hue"].includes(custom.gradientMode) && !stroke.startsWith("url");
  if (style !== "points") {
    for (const part of parts) {
      const upper = points(part, tops);
      if (fill > 0) {
        const lower = stacked ? points(part, bottoms) : upper.map(([px]) => [px, zero]);
        group.append(s("path", { d: areaBetween(upper, lower, interpolation), fill: fillOf(svg, series, area, stroke, fill), "fill-opacity": shaded ? 1 : fill }));
      }
      if (lineWidth > 0) {
        group.append(s("path", { cls: "line", d: lineThrough(upper, interpolation), stroke, "stroke-width": lineWidth, fill: "none", "stroke-dasharray": dashes(custom.lineStyle) }));
      }
    }
  }
  drawPoints(group, series, parts, points, { style, stroke, area });
}

function dashes(lineStyle) {
  if (!lineStyle || lineStyle.fill === "solid") return undefined;
  return (lineStyle.dash || (lineStyle.fill === "dot" ? [0, 8] : [10, 10])).join(" ");
}

function drawPoints(group, series, parts, points, { style, stroke, area }) {
  const show = style === "points" ? "always" : series.custom.showPoints || "auto";
  const size = series.custom.pointSize || 5;
  const count = parts.reduce((sum, part) => sum + part.length, 0);
  const roomy = count > 1 && (area.right - area.left) / count >= size * 4;
  for (const part of parts) {
    // A lonely point has no line: without a dot nobody would see it.
    if (show === "always" || (show === "auto" && (roomy || part.length === 1)) || (show === "never" && part.length === 1)) {
      for (const [px, py] of points(part, series.tops)) group.append(s("circle", { cx: px, cy: py, r: style === "points" ? size / 2 : Math.max(1.5, size / 2 - 0.5), fill: stroke }));
    }
  }
}

function drawBars(group, series, x, area, zero, stacked) {
  const { times, tops, bottoms, axis, custom } = series;
  let gap = Infinity;
  for (let i = 1; i < times.length; i += 1) gap = Math.min(gap, times[i] - times[i - 1]);
  if (!Number.isFinite(gap)) gap = series.interval || 0;
  const slot = gap ? x(gap) - x(0) : 20;
  const width = Math.max(1, Math.min(slot * (custom.barWidthFactor ?? 0.6), custom.barMaxWidth || 200));
  const shift = (custom.barAlignment || 0) * (width / 2);
  let path = "";
  tops.forEach((top, index) => {
    if (top === null || (stacked && top === bottoms[index])) return;
    const y = axis.y(top), base = stacked ? axis.y(bottoms[index]) : zero;
    const left = x(times[index]) - width / 2 + shift;
    path += `M${left.toFixed(1)},${base.toFixed(1)}V${y.toFixed(1)}h${width.toFixed(1)}V${base.toFixed(1)}Z`;
  });
  group.append(s("path", { d: path, fill: series.color, "fill-opacity": Math.max((custom.fillOpacity ?? 100) / 100, 0.05), stroke: series.color, "stroke-width": Math.min(custom.lineWidth ?? 1, width / 3) }));
}

// A line coloured by value is a vertical gradient over the axis.
function strokeOf(svg, series, area) {
  const mode = series.field.config.color?.mode || "";
  if (series.custom.gradientMode !== "scheme" || !(mode === "thresholds" || CONTINUOUS[mode])) return series.color;
  const id = uniqueId("scheme"), { low, high } = series.axis;
  const stops = Array.from({ length: 25 }, (_, index) => {
    const share = index / 24;
    return s("stop", { offset: share, "stop-color": valueColor(series.field, high - (high - low) * share, [low, high]) });
  });
  svg.querySelector("defs").append(s("linearGradient", { id, gradientUnits: "userSpaceOnUse", x1: 0, x2: 0, y1: area.top, y2: area.bottom }, stops));
  return `url(#${id})`;
}

function fillOf(svg, series, area, stroke, opacity) {
  const mode = series.custom.gradientMode || "none";
  if (!["opacity", "hue"].includes(mode) || stroke.startsWith("url")) return stroke;
  const id = uniqueId("fill");
  const tops = series.tops.filter((value) => value !== null);
  const peak = tops.length ? series.axis.y(Math.max(...tops)) : area.top;
  svg.querySelector("defs").append(s("linearGradient", { id, gradientUnits: "userSpaceOnUse", x1: 0, x2: 0, y1: Math.min(peak, area.bottom - 1), y2: area.bottom },
    s("stop", { offset: 0, "stop-color": series.color, "stop-opacity": Math.min(1, opacity * (mode === "hue" ? 1.1 : 1.6)) }), s("stop", { offset: 1, "stop-color": series.color, "stop-opacity": mode === "hue" ? opacity * 0.5 : 0.02 })));
  return `url(#${id})`;
}
