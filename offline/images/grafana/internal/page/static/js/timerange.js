// The time range: "now-1h" or milliseconds, shown in words, and sensible steps on a time axis.
import { dateTime } from "./units.js";

const LENGTHS = { s: 1e3, m: 6e4, h: 36e5, d: 864e5, w: 6048e5, M: 2592e6, y: 31536e6 };

export const QUICK = [
  ["now-5m", "Last 5 minutes"], ["now-15m", "Last 15 minutes"], ["now-30m", "Last 30 minutes"], ["now-1h", "Last 1 hour"], ["now-3h", "Last 3 hours"],
  ["now-6h", "Last 6 hours"], ["now-12h", "Last 12 hours"], ["now-24h", "Last 24 hours"], ["now-2d", "Last 2 days"], ["now-7d", "Last 7 days"],
];

export const REFRESH = ["", "5s", "10s", "30s", "1m", "5m", "15m"];

export function parseMoment(text, now = Date.now()) {
  if (/^\d+$/.test(text)) return Number(text);
  const relative = /^now(?:([+-])(\d+)([smhdwMy]))?(?:\/([smhdwMy]))?$/.exec(text || "");
  if (relative) {
    const [, sign, count, unit] = relative;
    return now + (sign ? (sign === "-" ? -1 : 1) * Number(count) * LENGTHS[unit] : 0);
  }
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? now : parsed;
}

export function resolve(raw) {
  const now = Date.now();
  const from = parseMoment(raw.from, now), to = parseMoment(raw.to, now);
  return from < to ? { from, to } : { from: to - LENGTHS.h, to };
}

export function describe(raw) {
  const quick = QUICK.find(([from]) => from === raw.from && raw.to === "now");
  if (quick) return quick[1];
  const { from, to } = resolve(raw);
  return `${dateTime(from)} to ${dateTime(to)}`;
}

export function parseSpan(text) {
  const parts = /^(\d+)([smhd])$/.exec(text || "");
  return parts ? Number(parts[1]) * LENGTHS[parts[2]] : 0;
}

const STEPS = [1e3, 2e3, 5e3, 1e4, 15e3, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 18e5, 36e5, 72e5, 108e5, 216e5, 432e5, 864e5, 1728e5, 6048e5, 2592e6];

// Marks on a time axis, on round local times, at least `gap` pixels apart.
export function timeTicks(from, to, width, gap = 84) {
  const wanted = ((to - from) * gap) / Math.max(width, 1);
  const step = STEPS.find((candidate) => candidate >= wanted) || STEPS.at(-1);
  const offset = new Date(from).getTimezoneOffset() * 6e4;
  const ticks = [];
  for (let at = Math.ceil((from - offset) / step) * step + offset; at <= to; at += step) ticks.push(at);
  return ticks.map((at) => ({ at, text: tickText(at, step, to - from) }));
}

function tickText(at, step, span) {
  const full = dateTime(at);
  if (step >= 864e5) return full.slice(5, 10).replace("-", "/");
  if (span > 864e5 * 1.5) return `${full.slice(5, 10).replace("-", "/")} ${full.slice(11, 16)}`;
  return step < 6e4 ? full.slice(11, 19) : full.slice(11, 16);
}
