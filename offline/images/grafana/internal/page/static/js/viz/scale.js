// Scales: from values to pixels, and round marks.
import { isBinary, isPercentUnit } from "../units.js";

export function linear(low, high, from, to) {
  const factor = (to - from) / (high - low || 1);
  return (value) => from + (value - low) * factor;
}

export function logarithmic(low, high, from, to, base) {
  const log = (value) => Math.log(Math.max(value, low)) / Math.log(base);
  const inner = linear(log(low), log(high), from, to);
  return (value) => inner(log(value));
}

// The round step near (high - low) / count; binary units get steps of 1024.
export function niceStep(span, count, unit) {
  const rough = span / Math.max(count, 1);
  if (rough <= 0 || !Number.isFinite(rough)) return 1;
  if (isBinary(unit) && rough >= 1) {
    const power = 1024 ** Math.floor(Math.log(rough) / Math.log(1024));
    return power * ([1, 2, 4, 5, 8, 10, 16, 20, 25, 32, 50, 64, 100, 128, 200, 256, 512, 1024].find((factor) => power * factor >= rough) || 1024);
  }
  const power = 10 ** Math.floor(Math.log10(rough));
  return power * [1, 2, 2.5, 5, 10].find((factor) => power * factor >= rough * 0.999);
}

// Limits and marks of a value axis.
export function valueAxis({ low, high, min, max, softMin, softMax, height, unit, centered, decimals }) {
  if (low === null || !Number.isFinite(low)) [low, high] = [0, isPercentUnit(unit) ? 1 : 1];
  if (softMin !== undefined && softMin !== null) low = Math.min(low, softMin);
  if (softMax !== undefined && softMax !== null) high = Math.max(high, softMax);
  if (low > 0 && low / (high || 1) < 0.5) low = Math.min(low, 0);
  if (low === high) {
    const pad = Math.abs(high) * 0.2 || 1;
    if (low === 0) high += pad;
    else [low, high] = [low > 0 ? Math.max(0, low - pad) : low - pad, high + pad];
  }
  if (centered) {
    high = Math.max(Math.abs(low), Math.abs(high));
    low = -high;
  }
  const fixedMin = min !== undefined && min !== null, fixedMax = max !== undefined && max !== null;
  if (fixedMin) low = min;
  if (fixedMax) high = max;
  if (high <= low) high = low + 1;
  const count = Math.max(2, Math.floor(height / 38));
  let step = niceStep(high - low, count, unit);
  if (decimals === 0) step = Math.max(1, step);
  if (!fixedMin) low = Math.floor(low / step + 1e-9) * step;
  if (!fixedMax) high = Math.ceil(high / step - 1e-9) * step;
  const ticks = [];
  for (let at = Math.ceil(low / step - 1e-9) * step; at <= high + step * 1e-6; at += step) ticks.push(Math.abs(at) < step * 1e-6 ? 0 : at);
  return { low, high, ticks, step };
}

export function logAxis(low, high, base) {
  const positive = low > 0 ? low : Math.min(high, 1) / base;
  const from = Math.floor(Math.log(positive) / Math.log(base) + 1e-9), to = Math.ceil(Math.log(Math.max(high, positive * base)) / Math.log(base) - 1e-9);
  const every = Math.ceil((to - from) / 8) || 1;
  const ticks = [];
  for (let power = from; power <= to; power += every) ticks.push(base ** power);
  return { low: base ** from, high: base ** to, ticks };
}

const numberIn = (text) => parseFloat(text.replace(/[^\d.-]/g, ""));
const suffixOf = (text) => text.replace(/^[-\d.,]+/, "");

// The fewest decimals that still say the mark's value, the same for all marks with one suffix ("0.5 K" beside "1.0 K").
export function tickTexts(ticks, step, formatText) {
  const needed = ticks.map((tick) => {
    for (let decimals = 0; decimals < 7; decimals += 1) {
      const shown = numberIn(formatText(tick, decimals)), finer = numberIn(formatText(tick, decimals + 3));
      if (Math.abs(finer - shown) <= Math.abs(finer) * 1e-3 && (tick === 0 || shown !== 0)) return decimals;
    }
    return 7;
  });
  const groups = new Map();
  ticks.forEach((tick, index) => {
    const suffix = suffixOf(formatText(tick, needed[index]));
    if (tick !== 0) groups.set(suffix, Math.max(groups.get(suffix) || 0, needed[index]));
  });
  return ticks.map((tick, index) => (tick === 0 ? formatText(tick, 0) : formatText(tick, groups.get(suffixOf(formatText(tick, needed[index]))))));
}
