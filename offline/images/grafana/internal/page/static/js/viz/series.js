// Time series out of frames, and stacking them.
import { isSeries, numberFields, timeField } from "../frames.js";

export function seriesOf(frames) {
  const list = [];
  for (const frame of frames) {
    if (!isSeries(frame)) continue;
    const time = timeField(frame);
    for (const field of numberFields(frame)) {
      const custom = field.config.custom || {};
      const flip = custom.transform === "negative-Y" ? -1 : 1;
      list.push({
        field, frame, custom, name: field.display, color: field.color, times: time.values, interval: field.config.interval || time.config.interval,
        values: field.values.map((value) => (value === null || value === undefined ? null : Number(value) * flip)),
        hidden: Boolean(custom.hideFrom?.viz), unit: field.config.unit || "none",
      });
    }
  }
  return list;
}

export const stackMode = (series) => (series.custom.drawStyle === "points" ? "none" : series.custom.stacking?.mode || "none");

// Gives every series `tops` and `bottoms` (null where there is nothing) on its own or its stack's common times.
export function stack(list) {
  const groups = new Map();
  for (const series of list) {
    series.bottoms = series.values.map(() => 0);
    series.tops = series.values;
    if (stackMode(series) === "none") continue;
    const key = `${series.custom.stacking.group || "A"}/${stackMode(series)}/${axisKey(series)}`;
    groups.set(key, [...(groups.get(key) || []), series]);
  }
  for (const group of groups.values()) stackGroup(group, stackMode(group[0]) === "percent");
}

function stackGroup(group, percent) {
  const times = [...new Set(group.flatMap((series) => series.times))].sort((a, b) => a - b);
  const aligned = group.map((series) => {
    const at = new Map(series.times.map((time, index) => [time, series.values[index]]));
    return times.map((time) => (at.has(time) ? at.get(time) : null));
  });
  const sums = times.map((_, index) => aligned.reduce((sum, values) => sum + Math.abs(values[index] || 0), 0));
  const positive = times.map(() => 0), negative = times.map(() => 0);
  group.forEach((series, which) => {
    series.times = times;
    series.raw = aligned[which];
    series.bottoms = [];
    series.tops = times.map((_, index) => {
      const value = aligned[which][index] || 0;
      const amount = percent ? (sums[index] ? value / sums[index] : 0) : value;
      const floor = amount < 0 ? negative : positive;
      series.bottoms.push(floor[index]);
      floor[index] += amount;
      // A series that has nothing at all around this time leaves a gap; a single missing point counts as zero.
      return floor[index];
    });
    trim(series);
  });
}

// Before its first and after its last point a stacked series is not drawn.
function trim(series) {
  const has = series.raw.map((value) => value !== null);
  const first = has.indexOf(true), last = has.lastIndexOf(true);
  series.tops = series.tops.map((value, index) => (index < first || index > last || first < 0 ? null : value));
}

export const axisKey = (series) => `${series.custom.axisPlacement === "right" ? "right" : "left"}|${series.unit}`;

// Up to two value axes: by placement, and a second unit goes to the right.
export function axesOf(list) {
  const axes = new Map();
  for (const series of list) {
    const key = axisKey(series);
    if (!axes.has(key)) axes.set(key, { key, unit: series.unit, placement: series.custom.axisPlacement || "auto", series: [], config: series.field.config, custom: series.custom });
    axes.get(key).series.push(series);
  }
  const all = [...axes.values()];
  all.forEach((axis, index) => {
    axis.side = axis.placement === "right" || (axis.placement === "auto" && index > 0) ? "right" : "left";
    axis.hidden = axis.placement === "hidden";
  });
  return all;
}

export function extent(axis) {
  let low = null, high = null;
  const see = (value) => {
    if (value === null || Number.isNaN(value) || !Number.isFinite(value)) return;
    if (low === null || value < low) low = value;
    if (high === null || value > high) high = value;
  };
  for (const series of axis.series) {
    series.tops.forEach(see);
    if (stackMode(series) !== "none" || series.custom.drawStyle === "bars" || (series.custom.fillOpacity ?? 0) > 0) if (series.tops.some((value) => value !== null)) see(0);
  }
  return { low, high };
}
