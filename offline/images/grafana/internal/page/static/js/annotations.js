// Annotation queries of a dashboard, from Prometheus and PostgreSQL.
import { runQueries } from "./api.js";
import { color } from "./theme.js";
import { decode, numberFields, timeField } from "./frames.js";

export async function loadAnnotations(model, { variables, sources, range }) {
  const wanted = (model.annotations?.list || []).filter((entry) => entry.enable && !entry.builtIn && entry.type !== "tags");
  const found = await Promise.all(wanted.map((entry) => oneQuery(entry, { variables, sources, range }).catch((error) => {
    console.warn(`annotation "${entry.name}": ${error.message}`);
    return [];
  })));
  return found.flat().sort((a, b) => a.time - b.time).slice(0, 500);
}

async function oneQuery(entry, { variables, sources, range }) {
  const source = sources.find(variables.replaceDeep(entry.datasource));
  if (!source) return [];
  const target = variables.replaceDeep({ ...(entry.target || {}), ...(entry.expr ? { expr: entry.expr } : {}), ...(entry.rawQuery ? { rawSql: entry.rawQuery } : {}) }, source.type);
  const step = entry.step || target.step || target.interval || "10s";
  const query = source.type === "prometheus"
    ? { expr: target.expr, range: true, instant: false, interval: step, legendFormat: "" }
    : { rawSql: target.rawSql || target.rawQuery, format: "table" };
  if (!query.expr && !query.rawSql) return [];
  const results = await runQueries(range, [{ refId: "Anno", ...query, datasource: { uid: source.uid, type: source.type }, intervalMs: 10000, maxDataPoints: 1500 }]);
  if (results.Anno?.error) throw new Error(results.Anno.error);
  const frames = decode(results);
  const tint = color(entry.iconColor || "blue");
  return source.type === "prometheus" ? frames.flatMap((frame) => fromSeries(frame, entry, tint)) : frames.flatMap((frame) => fromRows(frame, entry, tint));
}

const fill = (template, labels) => (template || "").replace(/\{\{\s*([^}\s]+)\s*\}\}/g, (_, key) => labels[key] ?? "");

// Runs of points that are not zero become one span each; a lonely point becomes a moment.
function fromSeries(frame, entry, tint) {
  const time = timeField(frame), value = numberFields(frame)[0];
  if (!time || !value) return [];
  const step = time.config.interval || 10000, events = [];
  let current = null;
  time.values.forEach((at, row) => {
    const amount = value.values[row];
    if (entry.useValueForTime) {
      if (amount) events.push({ time: amount, timeEnd: amount });
      return;
    }
    if (!amount) {
      current = null;
      return;
    }
    if (current && at - current.timeEnd <= step * 1.5) current.timeEnd = at;
    else events.push(current = { time: at, timeEnd: at });
  });
  const tags = (entry.tagKeys || "").split(",").map((key) => value.labels[key.trim()]).filter(Boolean);
  const unique = new Map(events.map((event) => [`${event.time}`, event]));
  return [...unique.values()].map((event) => ({ ...event, color: tint, title: fill(entry.titleFormat, value.labels) || entry.name, text: fill(entry.textFormat, value.labels), tags }));
}

function fromRows(frame, entry, tint) {
  const column = (...names) => frame.fields.find((field) => names.includes(field.name.toLowerCase()));
  const time = column("time") || timeField(frame), end = column("timeend", "time_end"), text = column("text"), title = column("title"), tags = column("tags"), id = column("color");
  if (!time) return [];
  return time.values.map((at, row) => ({
    time: at, timeEnd: end?.values[row] ?? at, color: id?.values[row] ? color(id.values[row]) : tint, title: title?.values[row] || entry.name, text: text?.values[row] || "",
    tags: String(tags?.values[row] ?? "").split(",").map((tag) => tag.trim()).filter(Boolean),
  })).filter((event) => typeof event.time === "number");
}
