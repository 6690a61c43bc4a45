// Field configuration: a panel's defaults and overrides onto every field, then the colours of series.
import { byName, classic, color } from "./theme.js";
import { numberFields, reduce } from "./frames.js";
import { thresholdColor, valueColor } from "./display.js";

function asPattern(text) {
  const parts = /^\/(.*)\/([a-z]*)$/.exec(text || "");
  try {
    return parts ? new RegExp(parts[1], parts[2]) : new RegExp(`^(?:${text})$`);
  } catch {
    return /^(?!)/;
  }
}

function matches(matcher, field, frame) {
  const options = matcher.options;
  switch (matcher.id) {
    case "byName": return field.display === options || field.name === options;
    case "byNames": {
      const names = Array.isArray(options) ? options : options?.names || [];
      const inside = names.includes(field.display) || names.includes(field.name);
      return options?.mode === "exclude" ? !inside : inside;
    }
    case "byRegexp": return asPattern(options).test(field.display) || asPattern(options).test(field.name);
    case "byType": return field.type === options || (options === "enum" && field.type === "string");
    case "byFrameRefID": return frame.refId === options;
    case "byValue": return true;
    default: return false;
  }
}

function setPath(config, id, value) {
  const path = id.split(".");
  let at = config;
  for (const key of path.slice(0, -1)) {
    at[key] = { ...(at[key] || {}) };
    at = at[key];
  }
  at[path.at(-1)] = value;
}


export function applyFieldConfig(frames, fieldConfig, interpolate) {
  const { defaults = {}, overrides = [] } = fieldConfig || {};
  for (const frame of frames) {
    for (const field of frame.fields) {
      const own = field.config;
      field.config = { ...structuredClone(defaults), ...(own.interval ? { interval: own.interval } : {}) };
      field.config.custom ||= {};
      for (const override of overrides) {
        // The page's own "isolate a series" is not saved state here, so the saved one must not hide series.
        if (override.__systemRef === "hideSeriesFrom" || !matches(override.matcher || {}, field, frame)) continue;
        for (const { id, value } of override.properties || []) setPath(field.config, id, value);
      }
      if (field.config.displayName && field.type !== "time") field.display = nameFrom(field.config.displayName, field, interpolate);
      else if (field.config.displayName && overrides.some((o) => matches(o.matcher || {}, field, frame) && o.properties?.some((p) => p.id === "displayName"))) field.display = field.config.displayName;
    }
  }
  colorFields(frames);
}

function nameFrom(template, field, interpolate) {
  const text = template.replace(/\$\{__field\.labels(?:\.([\w-]+)|\["([^"]+)"\])\}/g, (_, dotted, quoted) => field.labels[dotted || quoted] ?? "")
    .replace(/\$\{__field\.(?:name|displayName)\}/g, field.display).replace(/\$\{?__series\.name\}?/g, field.display);
  return interpolate ? interpolate(text) : text;
}

function colorFields(frames) {
  let index = 0;
  for (const frame of frames) {
    for (const field of numberFields(frame)) {
      const mode = field.config.color?.mode || "palette-classic";
      field.index = index;
      if (mode === "fixed" || mode === "shades") field.color = color(field.config.color.fixedColor);
      else if (mode === "palette-classic-by-name") field.color = byName(field.display);
      else if (mode === "thresholds") field.color = thresholdColor(field.config, reduce(field.values, field.config.color?.seriesBy === "max" ? "max" : field.config.color?.seriesBy === "min" ? "min" : "last"));
      else if (mode.startsWith("continuous")) field.color = valueColor(field, reduce(field.values, "lastNotNull"), bounds(field));
      else field.color = classic(index);
      index += 1;
    }
  }
}

// The span that percentages, gauges and continuous colours relate to.
export function bounds(field) {
  const numbers = field.values.filter((value) => typeof value === "number");
  const low = field.config.min ?? Math.min(0, ...numbers);
  const high = field.config.max ?? (numbers.length ? Math.max(...numbers) : 100);
  return [low, high > low ? high : low + 1];
}
