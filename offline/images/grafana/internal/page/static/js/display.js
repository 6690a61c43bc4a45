// What one value looks like: mapped text, unit, colour from thresholds.
import { format } from "./units.js";
import { color, CONTINUOUS, gradient } from "./theme.js";

export function applyMappings(mappings, value) {
  for (const mapping of mappings || []) {
    const options = mapping.options || {};
    if (mapping.type === "value") {
      const hit = options[String(value)];
      if (hit) return hit;
    } else if (mapping.type === "range") {
      const number = Number(value);
      if (value !== null && value !== "" && !Number.isNaN(number) && number >= (options.from ?? -Infinity) && number <= (options.to ?? Infinity)) return options.result;
    } else if (mapping.type === "regex" && typeof value === "string") {
      try {
        const parts = /^\/(.*)\/([a-z]*)$/.exec(options.pattern || "");
        const pattern = parts ? new RegExp(parts[1], parts[2]) : new RegExp(options.pattern);
        if (pattern.test(value)) return { ...options.result, text: value.replace(pattern, options.result.text ?? "$&") };
      } catch { /* a broken pattern maps nothing */ }
    } else if (mapping.type === "special") {
      const hits = { null: value === null || value === undefined, nan: Number.isNaN(value), "null+nan": value === null || value === undefined || Number.isNaN(value), true: value === true, false: value === false, empty: value === "" };
      if (hits[options.match]) return options.result;
    }
  }
  return undefined;
}

export function thresholdSteps(config, span) {
  const { mode, steps } = config.thresholds || {};
  const list = (steps && steps.length ? steps : [{ color: "green", value: null }]).map((step) => ({ color: color(step.color), value: step.value ?? -Infinity }));
  if (mode !== "percentage") return list;
  const [low, high] = span || [config.min ?? 0, config.max ?? 100];
  return list.map((step) => ({ ...step, value: step.value === -Infinity ? step.value : low + ((high - low) * step.value) / 100 }));
}

export function thresholdColor(config, value, span) {
  const steps = thresholdSteps(config, span);
  let chosen = steps[0];
  for (const step of steps) if (value !== null && value >= step.value) chosen = step;
  return chosen.color;
}

// The colour of a value (not of a series): thresholds, a continuous palette, or the field's own colour.
export function valueColor(field, value, span) {
  const mode = field.config.color?.mode || "thresholds";
  const mapped = applyMappings(field.config.mappings, value);
  if (mapped?.color) return color(mapped.color);
  if (CONTINUOUS[mode]) {
    const [low, high] = span || [field.config.min ?? 0, field.config.max ?? 100];
    return gradient(CONTINUOUS[mode], high > low ? (value - low) / (high - low) : 0);
  }
  if (mode === "fixed" || mode === "shades") return color(field.config.color.fixedColor);
  if (mode.startsWith("palette")) return field.color;
  return thresholdColor(field.config, typeof value === "number" ? value : null, span);
}

// {prefix, text, suffix, color?, isMapped}: numbers with unit, everything else as it is.
export function display(field, value, decimals = field.config.decimals) {
  const mapped = applyMappings(field.config.mappings, value);
  if (mapped && mapped.text !== undefined && mapped.text !== "") return { prefix: "", text: mapped.text, suffix: "", color: mapped.color && color(mapped.color), isMapped: true };
  const extra = mapped?.color ? { color: color(mapped.color) } : {};
  if (value === null || value === undefined) return { prefix: "", text: field.config.noValue ?? "", suffix: "", ...extra };
  if (field.type === "time") return { ...format(Number(value), field.config.unit || "dateTimeAsIso"), ...extra };
  if (typeof value === "number") return { ...format(value, field.config.unit, decimals), ...extra };
  if (typeof value === "boolean") return { prefix: "", text: value ? "true" : "false", suffix: "", ...extra };
  const unit = field.config.unit;
  const number = unit && unit !== "string" && value !== "" ? Number(value) : NaN;
  if (!Number.isNaN(number)) return { ...format(number, unit, decimals), ...extra };
  return { prefix: "", text: String(value), suffix: "", ...extra };
}

export function displayText(field, value, decimals) {
  const shown = display(field, value, decimals);
  return `${shown.prefix || ""}${shown.text}${shown.suffix || ""}`;
}
