// Bar gauge panel: one bar a value; basic, gradient or small cells ("retro LCD").
import { h } from "../dom.js";
import { CONTINUOUS } from "../theme.js";
import { thresholdSteps, valueColor } from "../display.js";
import { reducedValues, textOf } from "./values.js";

export function bargauge(body, { panel, frames, noData }) {
  const list = reducedValues(panel, frames);
  if (list.length === 0 || list.every((item) => item.value === null)) return noData();
  const options = panel.options || {};
  const limits = sharedLimits(list);
  const wide = options.orientation === "horizontal" || (options.orientation !== "vertical" && body.clientWidth > body.clientHeight);
  const roomy = body.clientHeight / list.length > 44;
  const nameAbove = wide && (options.namePlacement === "top" || (options.namePlacement !== "left" && roomy));
  body.replaceChildren(h("div", { cls: `bar-gauge ${wide ? "wide" : "tall"} ${nameAbove ? "named-above" : ""}` }, list.map((item) => one(item, options, limits, wide))));
  return undefined;
}

// Bars are compared with each other, so they share one scale unless the field sets its own.
function sharedLimits(list) {
  const values = list.map((item) => item.value ?? 0);
  return [Math.min(0, ...values), Math.max(...values, 1e-9)];
}

function one(item, options, [lowest, highest], wide) {
  const { min, max, unit } = item.field.config;
  const low = min ?? lowest, high = max ?? (unit === "percent" ? 100 : unit === "percentunit" ? 1 : highest);
  const share = Math.max(0, Math.min(1, ((item.value ?? low) - low) / (high - low || 1)));
  const mode = options.displayMode || "gradient";
  const track = h("div", { cls: "bar-track" });
  if (mode === "lcd") {
    const cells = wide ? 40 : 16;
    for (let index = 0; index < cells; index += 1) {
      const at = (index + 0.5) / cells, tint = valueColor(item.field, low + (high - low) * at, [low, high]);
      track.append(h("i", { style: { background: at <= share ? tint : `color-mix(in srgb, ${tint} 12%, transparent)` } }));
    }
    track.classList.add("cells");
  } else {
    const fill = mode === "basic" ? `color-mix(in srgb, ${item.color} 35%, transparent)` : blend(item, low, high, share, wide);
    track.append(h("div", { cls: "bar-fill", style: { [wide ? "width" : "height"]: `${Math.max(share * 100, 0.6)}%`, background: fill, [wide ? "borderRight" : "borderTop"]: mode === "basic" ? `2px solid ${item.color}` : undefined } }));
  }
  const value = options.valueMode === "hidden" ? null : h("div", { cls: "bar-value", style: { color: options.valueMode === "text" ? "var(--text-strong)" : item.color } }, textOf(item));
  const name = options.namePlacement === "hidden" ? null : h("div", { cls: "bar-name", title: item.name }, item.name);
  return wide ? h("div", { cls: "bar-row" }, name, track, value) : h("div", { cls: "bar-row" }, value, track, name);
}

function blend(item, low, high, share, wide) {
  const direction = wide ? "90deg" : "0deg";
  const mode = item.field.config.color?.mode;
  if (CONTINUOUS[mode]) return `linear-gradient(${direction}, ${CONTINUOUS[mode][0]}, ${item.color})`;
  const steps = thresholdSteps(item.field.config, [low, high]).filter((step) => step.value <= (item.value ?? low));
  if (mode === "thresholds" && steps.length > 1) {
    const stops = steps.map((step) => `${step.color} ${Math.max(0, Math.min(100, ((Math.max(step.value, low) - low) / ((high - low) * share || 1)) * 100))}%`);
    return `linear-gradient(${direction}, ${stops.join(", ")})`;
  }
  return `linear-gradient(${direction}, color-mix(in srgb, ${item.color} 45%, transparent), ${item.color})`;
}
