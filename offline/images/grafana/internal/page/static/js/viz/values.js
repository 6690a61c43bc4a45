// "One value a series" for stat, gauge, bar gauge and pie: what to reduce, and how to arrange the results.
import { bounds } from "../fieldconfig.js";
import { display, valueColor } from "../display.js";
import { numberFields, reduce, timeField } from "../frames.js";

export function reducedValues(panel, frames) {
  const { calcs = ["lastNotNull"], values = false, fields = "", limit = 25 } = panel.options?.reduceOptions || {};
  const found = [];
  for (const frame of frames) {
    const time = timeField(frame);
    const usable = pick(frame, fields).filter((field) => !field.config.custom?.hideFrom?.viz);
    const label = frame.fields.find((field) => field.type === "string");
    for (const field of usable) {
      const span = bounds(field);
      if (values) {
        field.values.slice(0, limit).forEach((value, row) => {
          const name = label ? (usable.length > 1 ? `${label.values[row]} ${field.display}` : String(label.values[row])) : field.display;
          found.push(made(field, value, name, span, null));
        });
      } else {
        const calc = calcs[0] || "lastNotNull";
        const value = field.type === "number" || field.type === "boolean" || ["lastNotNull", "last", "first", "firstNotNull", "count"].includes(calc) ? reduce(field.values, calc) : null;
        found.push(made(field, value, field.display, span, time ? { times: time.values, values: field.values } : null));
      }
    }
  }
  return found;
}

function pick(frame, wanted) {
  if (!wanted) return numberFields(frame);
  const parts = /^\/(.*)\/([a-z]*)$/.exec(wanted);
  if (wanted === "/.*/") return frame.fields;
  const test = parts ? new RegExp(parts[1], parts[2]) : null;
  return frame.fields.filter((field) => (test ? test.test(field.display) || test.test(field.name) : field.display === wanted || field.name === wanted));
}

function made(field, value, name, span, trend) {
  const number = typeof value === "boolean" ? Number(value) : value;
  const shown = display(field, value);
  return { field, value: number, name, shown, span, trend, color: shown.color || valueColor(field, number, span) };
}

export const textOf = ({ shown }) => `${shown.prefix || ""}${shown.text}${shown.suffix || ""}`;

// Columns and rows that make the boxes as large as possible for the wanted shape (width / height).
export function arrange(count, width, height, shape, orientation) {
  if (orientation === "vertical") return { columns: count, rows: 1 };
  if (orientation === "horizontal") return { columns: 1, rows: count };
  let best = { columns: count, rows: 1, size: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const size = Math.min(width / columns / shape, height / rows) * (count / (columns * rows)) ** 0.25;
    if (size > best.size) best = { columns, rows, size };
  }
  return best;
}

const canvas = document.createElement("canvas").getContext("2d");

// The largest font that fits a text into a box.
export function fitFont(text, width, height, most = 90, weight = 500) {
  canvas.font = `${weight} 100px Inter, "Helvetica Neue", Arial, sans-serif`;
  const natural = canvas.measureText(text || "0").width || 1;
  return Math.max(10, Math.min(most, (width / natural) * 100, height * 0.9));
}
