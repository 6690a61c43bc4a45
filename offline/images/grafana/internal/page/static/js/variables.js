// Template variables: where their values come from, and putting them into texts.
import { get, runQueries } from "./api.js";
import { decode } from "./frames.js";

const asList = (value) => (Array.isArray(value) ? value : value === undefined || value === null || value === "" ? [] : [value]);
const escapeRegex = (text) => String(text).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const escapePrometheus = (text) => String(text).replace(/[\\^$*+?.()|[\]{}]/g, "\\\\$&");

export class Variables {
  constructor(list, sources, params) {
    this.sources = sources;
    this.list = (list || []).map((definition) => {
      const saved = definition.current || {};
      const asked = params.getAll(`var-${definition.name}`);
      const value = asked.length ? asked : asList(saved.value);
      return { definition, name: definition.name, label: definition.label || definition.name, type: definition.type, hide: definition.hide || 0, multi: Boolean(definition.multi), options: [], value, asked: asked.length > 0 };
    });
  }

  find(name) {
    return this.list.find((variable) => variable.name === name);
  }

  // One after the other: a variable's query may use those before it.
  async load(range) {
    for (const variable of this.list) {
      try {
        variable.options = await this.optionsOf(variable, range);
        variable.error = undefined;
        this.settle(variable);
      } catch (error) {
        variable.error = error.message;
      }
      variable.asked = false;
    }
  }

  async optionsOf(variable, range) {
    const { definition } = variable;
    const query = typeof definition.query === "string" ? definition.query : definition.query?.query || definition.query?.rawSql || "";
    switch (variable.type) {
      case "custom": return splitCustom(definition.query || "");
      case "interval": return splitCustom(definition.query || "").filter((option) => option.value !== "auto");
      case "constant": return [{ text: query, value: query }];
      case "textbox": return [];
      case "datasource": return Object.values(this.sources.all).filter((source) => source.type === query || (query === "postgres" && source.type.includes("postgres")) || (query.includes("postgresql") && source.type === "postgres"))
        .map((source) => ({ text: source.name, value: source.uid }));
      case "query": return this.filtered(definition, await this.fromQuery(definition, query, range));
      default: return [];
    }
  }

  async fromQuery(definition, query, range) {
    const source = this.sources.find(this.replaceDeep(definition.datasource));
    if (!source) throw new Error("The variable's data source is not known.");
    const text = this.replace(query, source.type);
    if (source.type === "prometheus") return fromPrometheus(source, text, range);
    const results = await runQueries(range, [{ refId: "A", datasource: { uid: source.uid, type: source.type }, rawSql: text, format: "table" }]);
    if (results.A?.error) throw new Error(results.A.error);
    const frame = decode(results)[0];
    if (!frame) return [];
    const value = frame.fields.find((field) => field.name === "__value"), label = frame.fields.find((field) => field.name === "__text");
    if (value && label) return value.values.map((entry, row) => ({ text: String(label.values[row]), value: String(entry) }));
    return frame.fields.flatMap((field) => field.values).filter((entry) => entry !== null).map((entry) => ({ text: String(entry), value: String(entry) }));
  }

  filtered(definition, options) {
    const parts = /^\/(.*)\/([a-z]*)$/.exec(definition.regex || "");
    const unique = new Map();
    for (const option of options) {
      if (parts) {
        const found = new RegExp(parts[1], parts[2].replace("g", "")).exec(option.text);
        if (!found) continue;
        const value = found.groups?.value ?? found[1] ?? found[0];
        unique.set(value, { value, text: found.groups?.text ?? value });
      } else unique.set(option.value, option);
    }
    const list = [...unique.values()];
    const order = definition.sort || 0;
    if (order) list.sort((a, b) => (order % 2 ? 1 : -1) * (order === 3 || order === 4 ? parseFloat(a.text) - parseFloat(b.text) : a.text.localeCompare(b.text, undefined, { sensitivity: order > 4 ? "base" : "variant" })));
    return list;
  }

  // Keeps a value that is among the answers or stands in the address, else takes All where the dashboard offers it, else the
  // first answer: a stored value that no answer has is not kept.
  settle(variable) {
    if (["textbox", "adhoc"].includes(variable.type) || variable.type === "constant") {
      if (variable.type !== "adhoc" && !variable.value.length) variable.value = asList(typeof variable.definition.query === "string" ? variable.definition.query : "");
      return;
    }
    const { includeAll } = variable.definition;
    if (variable.asked || (includeAll && variable.value.includes("$__all"))) return;
    const known = variable.value.map((value) => variable.options.find((option) => option.value === value || option.text === value)?.value).filter((value) => value !== undefined);
    if (known.length) variable.value = variable.multi ? known : known.slice(0, 1);
    else if (includeAll) variable.value = ["$__all"];
    else variable.value = variable.options.slice(0, 1).map((option) => option.value);
  }

  valuesOf(variable) {
    if (!variable.value.includes("$__all")) return variable.value;
    return variable.options.map((option) => option.value);
  }

  textOf(variable) {
    if (variable.value.includes("$__all")) return "All";
    return variable.value.map((value) => variable.options.find((option) => option.value === value)?.text ?? value).join(" + ");
  }

  // Replaces $name, ${name}, ${name:format} and [[name]]; `scoped` are the values of a repeated panel.
  replace(text, sourceType, scoped) {
    if (typeof text !== "string" || !/\$|\[\[/.test(text)) return text;
    return text.replace(/\$(\w+)|\[\[(\w+)(?::(\w+))?\]\]|\$\{(\w+)(?:\.[^:}]+)?(?::([^}]+))?\}/g, (match, plain, square, squareFormat, curly, curlyFormat) => {
      const name = plain || square || curly;
      if (scoped && name in scoped) return formatValues([scoped[name]], curlyFormat || squareFormat, sourceType, {});
      const variable = this.find(name);
      if (!variable) return match;
      const format = curlyFormat || squareFormat;
      if (format === "text") return this.textOf(variable);
      if (variable.value.includes("$__all") && variable.definition.allValue) return variable.definition.allValue;
      return formatValues(this.valuesOf(variable), format, sourceType, variable);
    });
  }

  replaceDeep(value, sourceType, scoped) {
    if (typeof value === "string") return this.replace(value, sourceType, scoped);
    if (Array.isArray(value)) return value.map((entry) => this.replaceDeep(entry, sourceType, scoped));
    if (value && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, this.replaceDeep(entry, sourceType, scoped)]));
    return value;
  }
}

export function splitCustom(text) {
  return (text.match(/(?:\\,|[^,])+/g) || []).map((part) => {
    const [, label, value] = /^\s*(.+?)\s+:\s+(.+?)\s*$/.exec(part) || [null, part.trim(), part.trim()];
    return { text: label.replaceAll("\\,", ","), value: value.replaceAll("\\,", ",") };
  });
}

function formatValues(values, format, sourceType, { multi, definition }) {
  const many = multi || definition?.includeAll;
  switch (format || (sourceType === "prometheus" ? "prometheus" : sourceType?.includes("postgres") ? "sql" : "glob")) {
    case "raw": return values.join(",");
    case "csv": return values.join(",");
    case "pipe": return values.join("|");
    case "json": return JSON.stringify(values.length === 1 && !many ? values[0] : values);
    case "regex": return values.length === 1 ? escapeRegex(values[0]) : `(${values.map(escapeRegex).join("|")})`;
    case "prometheus":
      if (!many) return String(values[0] ?? "").replaceAll("\\", "\\\\").replaceAll("'", "\\\\'");
      return values.length === 1 ? escapePrometheus(values[0]) : `(${values.map(escapePrometheus).join("|")})`;
    case "singlequote": return values.map((value) => `'${String(value).replaceAll("'", "\\'")}'`).join(",");
    case "doublequote": return values.map((value) => `"${String(value).replaceAll('"', '\\"')}"`).join(",");
    case "sqlstring": return values.map((value) => `'${String(value).replaceAll("'", "''")}'`).join(",");
    case "sql": return many ? values.map((value) => `'${String(value).replaceAll("'", "''")}'`).join(",") : String(values[0] ?? "").replaceAll("'", "''");
    case "percentencode": return encodeURIComponent(values.join(","));
    case "queryparam": return "";
    default: return values.length > 1 ? `{${values.join(",")}}` : String(values[0] ?? "");
  }
}

async function fromPrometheus(source, query, range) {
  const base = `/api/datasources/uid/${encodeURIComponent(source.uid)}/resources/api/v1`;
  const time = `start=${Math.floor(range.from / 1000)}&end=${Math.ceil(range.to / 1000)}`;
  const plain = (list) => list.map((value) => ({ text: String(value), value: String(value) }));
  const labelValues = /^\s*label_values\(\s*(?:(.+?)\s*,\s*)?([a-zA-Z_]\w*)\s*\)\s*$/s.exec(query);
  if (labelValues) {
    const match = labelValues[1] ? `&match[]=${encodeURIComponent(labelValues[1])}` : "";
    return plain((await get(`${base}/label/${labelValues[2]}/values?${time}${match}`)).data);
  }
  const metrics = /^\s*metrics\((.*)\)\s*$/s.exec(query);
  if (metrics) return plain((await get(`${base}/label/__name__/values?${time}`)).data.filter((name) => new RegExp(metrics[1]).test(name)));
  if (/^\s*label_names\(/.test(query)) return plain((await get(`${base}/labels?${time}`)).data);
  const result = /^\s*query_result\((.*)\)\s*$/s.exec(query);
  const answer = (await get(`${base}/query?query=${encodeURIComponent(result ? result[1] : query)}&time=${range.to / 1000}`)).data.result;
  return plain(answer.map(({ metric, value }) => {
    const { __name__: name = "", ...labels } = metric;
    return `${name}{${Object.entries(labels).map(([key, text]) => `${key}="${text}"`).join(",")}} ${value[1]} ${value[0] * 1000}`;
  }));
}
