// The small trend under a single value.
import { s, svgRoot, uniqueId } from "../dom.js";
import { areaBetween, lineThrough, runs } from "./paths.js";
import { linear } from "./scale.js";

export function sparkline({ times, values }, { width, height, color, config }) {
  const numbers = values.map((value) => (value === null || value === undefined ? null : Number(value)));
  const real = numbers.filter((value) => value !== null && Number.isFinite(value));
  if (real.length < 2) return null;
  let low = config.min ?? Math.min(...real), high = config.max ?? Math.max(...real);
  if (low === high) [low, high] = [low - 1, high + 1];
  const x = linear(times[0], times.at(-1), 0, width), y = linear(low, high, height - 1.5, 3);
  const id = uniqueId("spark");
  const svg = svgRoot(width, height, { cls: "sparkline", preserveAspectRatio: "none" });
  svg.append(s("defs", {}, s("linearGradient", { id, x1: 0, x2: 0, y1: 0, y2: 1 }, s("stop", { offset: 0, "stop-color": color, "stop-opacity": 0.35 }), s("stop", { offset: 1, "stop-color": color, "stop-opacity": 0.03 }))));
  for (const part of runs(times, numbers, { spanNulls: true })) {
    const points = part.map((index) => [x(times[index]), y(numbers[index])]);
    svg.append(s("path", { d: areaBetween(points, points.map(([px]) => [px, height]), "linear"), fill: `url(#${id})` }),
      s("path", { d: lineThrough(points, "linear"), fill: "none", stroke: color, "stroke-width": 1.5, "stroke-linejoin": "round" }));
  }
  return svg;
}
