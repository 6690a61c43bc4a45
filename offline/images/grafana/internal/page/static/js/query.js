// One panel's data: which queries to ask, and what is done to the answers before they are drawn.
import { runQueries } from "./api.js";
import { decode, nameFields, prometheusTables } from "./frames.js";
import { applyFieldConfig } from "./fieldconfig.js";
import { transform } from "./transforms.js";

export class Sources {
  constructor(settings) {
    this.all = settings.datasources || {};
    this.defaultName = settings.defaultDatasource;
  }

  // By {uid}, by name (old dashboards), or the default.
  find(reference) {
    const id = typeof reference === "string" ? reference : reference?.uid;
    const list = Object.values(this.all);
    if (!id || id === "default") return list.find((source) => source.isDefault || source.name === this.defaultName);
    return list.find((source) => source.uid === id) || list.find((source) => source.name === id);
  }
}

const NICE = [1e3, 2e3, 5e3, 1e4, 15e3, 2e4, 3e4, 6e4, 12e4, 3e5, 6e5, 9e5, 12e5, 18e5, 36e5, 72e5, 108e5, 216e5, 432e5, 864e5];

export async function loadPanel(panel, context, width) {
  const { variables, sources, scoped } = context;
  const range = shifted(context.range, panel, variables);
  const targets = (panel.targets || []).filter((target) => !target.hide && (target.expr || target.rawSql));
  const points = panel.maxDataPoints || Math.max(Math.round(width), 100);
  const interval = Math.max(NICE.find((step) => step >= (range.to - range.from) / points / 1.5) || NICE.at(-1), spanOf(variables.replace(panel.interval || "", undefined, scoped)));
  const queries = [];
  const problems = [];
  for (const target of targets) {
    const reference = target.datasource && target.datasource.uid !== "-- Mixed --" ? target.datasource : panel.datasource;
    const source = sources.find(variables.replaceDeep(reference, undefined, scoped));
    if (!source) {
      problems.push(`Datasource ${reference?.uid ?? reference?.type ?? reference ?? "default"} was not found`);
      continue;
    }
    const query = variables.replaceDeep(target, source.type, scoped);
    queries.push({ ...query, datasource: { uid: source.uid, type: source.type }, intervalMs: interval, maxDataPoints: points });
  }
  const results = await runQueries(range, queries);
  for (const [refId, result] of Object.entries(results)) if (result.error) problems.push(`Query ${refId}: ${result.error}`);
  let frames = prometheusTables(inOrder(decode(results), targets), queries.filter((query) => query.datasource.type === "prometheus"));
  nameFields(frames);
  frames = transform(frames, variables.replaceDeep(panel.transformations || [], undefined, scoped));
  for (const frame of frames) for (const field of frame.fields) field.display ||= field.name;
  applyFieldConfig(frames, panel.fieldConfig, (text) => variables.replace(text, undefined, scoped));
  return { frames, problems, range };
}

function inOrder(frames, targets) {
  const order = targets.map((target) => target.refId);
  return frames.map((frame, index) => [frame, index]).sort(([a, i], [b, j]) => order.indexOf(a.refId) - order.indexOf(b.refId) || i - j).map(([frame]) => frame);
}

function spanOf(text) {
  const parts = /^>?(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text || "");
  return parts ? Number(parts[1]) * { ms: 1, s: 1e3, m: 6e4, h: 36e5, d: 864e5 }[parts[2]] : 0;
}

// A panel may look at another time than the dashboard: "timeFrom" (its own length) and "timeShift".
function shifted(range, panel, variables) {
  const own = spanOf(variables.replace(panel.timeFrom || "")), shift = spanOf(variables.replace(panel.timeShift || ""));
  const from = own ? range.to - own : range.from;
  return { from: from - shift, to: range.to - shift };
}
