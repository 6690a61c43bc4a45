// The transformations that dashboards use most. An unknown one leaves the data as it is.
import { isSeries, makeFrame, numberFields, reduce, REDUCERS, timeField } from "./frames.js";

const nameOf = (field) => field.display || field.name;
const copy = (field, values) => ({ ...field, values, config: { ...field.config } });
const take = (frame, rows) => makeFrame(frame.fields.map((field) => copy(field, rows.map((row) => field.values[row]))), frame);
const rowsOf = (frame) => Array.from({ length: frame.length }, (_, row) => row);
const pattern = (text) => {
  const parts = /^\/(.*)\/([a-z]*)$/.exec(text || "");
  return parts ? new RegExp(parts[1], parts[2]) : new RegExp(text || "");
};

const TRANSFORMS = {
  organize(frames, { excludeByName = {}, includeByName = {}, indexByName = {}, renameByName = {} }) {
    return frames.map((frame) => {
      const kept = frame.fields.filter((field) => !excludeByName[nameOf(field)] && !excludeByName[field.name])
        .filter((field) => !Object.keys(includeByName).length || includeByName[nameOf(field)]);
      const order = (field) => indexByName[nameOf(field)] ?? indexByName[field.name] ?? Number.MAX_SAFE_INTEGER;
      kept.sort((a, b) => order(a) - order(b));
      return makeFrame(kept.map((field) => {
        const renamed = renameByName[nameOf(field)] || renameByName[field.name];
        return renamed ? { ...field, name: renamed, display: renamed, config: { ...field.config, displayNameFromDS: undefined } } : field;
      }), frame);
    });
  },

  // Rows of all frames in one table; rows that agree in every shared column become one row.
  merge(frames) {
    if (frames.length < 2) return frames;
    const columns = [];
    for (const frame of frames) for (const field of frame.fields) if (!columns.some((column) => nameOf(column) === nameOf(field))) columns.push(copy(field, []));
    const inAll = columns.map(nameOf).filter((name) => frames.every((frame) => frame.fields.some((field) => nameOf(field) === name)));
    const rows = new Map();
    frames.forEach((frame, index) => rowsOf(frame).forEach((row) => {
      const key = inAll.length ? JSON.stringify(inAll.map((name) => frame.fields.find((field) => nameOf(field) === name).values[row])) : `${index}/${row}`;
      const merged = rows.get(key) || {};
      for (const field of frame.fields) merged[nameOf(field)] = field.values[row];
      rows.set(key, merged);
    }));
    for (const column of columns) column.values = [...rows.values()].map((row) => row[nameOf(column)] ?? null);
    return [makeFrame(columns, frames[0])];
  },

  sortBy(frames, { sort = [] }) {
    return frames.map((frame) => {
      const { field: name, desc } = sort[0] || {};
      const field = frame.fields.find((candidate) => nameOf(candidate) === name || candidate.name === name);
      if (!field) return frame;
      const rows = rowsOf(frame).sort((a, b) => compare(field.values[a], field.values[b]) * (desc ? -1 : 1));
      return take(frame, rows);
    });
  },

  limit(frames, { limitField = 10 }) {
    return frames.map((frame) => take(frame, rowsOf(frame).slice(0, Number(limitField))));
  },

  labelsToFields(frames, { mode, keepLabels, valueLabel }) {
    if (mode === "rows") return frames;
    const made = frames.map((frame) => {
      const values = numberFields(frame), labels = [...new Set(values.flatMap((field) => Object.keys(field.labels)))]
        .filter((key) => key !== valueLabel && (!keepLabels || keepLabels.includes(key)));
      const columns = labels.map((key) => ({ name: key, display: key, type: "string", labels: {}, config: {}, values: rowsOf(frame).map(() => values[0].labels[key] ?? "") }));
      const renamed = values.map((field) => ({ ...field, labels: {}, display: valueLabel ? field.labels[valueLabel] : field.name, name: valueLabel ? field.labels[valueLabel] : field.name, config: { ...field.config, displayNameFromDS: undefined } }));
      return makeFrame([...frame.fields.filter((field) => !values.includes(field)), ...columns, ...renamed], frame);
    });
    return TRANSFORMS.merge(made);
  },

  reduce(frames, { reducers = ["max"], mode, includeTimeField }) {
    const usable = frames.flatMap((frame) => frame.fields.filter((field) => (includeTimeField && field.type === "time") || field.type === "number"));
    if (mode === "reduceFields") return frames.map((frame) => makeFrame(frame.fields.filter((field) => field.type === "number").map((field) => copy(field, [reduce(field.values, reducers[0])])), frame));
    const names = { name: "Field", display: "Field", type: "string", labels: {}, config: {}, values: usable.map(nameOf) };
    const columns = reducers.map((id) => ({ name: REDUCERS[id]?.[0] || id, display: REDUCERS[id]?.[0] || id, type: "number", labels: {}, config: {}, values: usable.map((field) => reduce(field.values, id)) }));
    return [makeFrame([names, ...columns], frames[0] || {})];
  },

  filterFieldsByName(frames, { include = {}, exclude = {} }) {
    const hit = (rule, field) => (rule.names || []).includes(nameOf(field)) || (rule.pattern ? pattern(rule.pattern).test(nameOf(field)) : false);
    const asked = include.names?.length || include.pattern;
    return frames.map((frame) => makeFrame(frame.fields.filter((field) => (!asked || hit(include, field)) && !hit(exclude, field)), frame)).filter((frame) => frame.fields.length);
  },

  filterByRefId(frames, { include }) {
    return include ? frames.filter((frame) => pattern(`^(?:${include})$`).test(frame.refId)) : frames;
  },

  renameByRegex(frames, { regex, renamePattern = "" }) {
    const rule = pattern(regex);
    return frames.map((frame) => makeFrame(frame.fields.map((field) => {
      const renamed = nameOf(field).replace(rule, renamePattern);
      return field.type === "time" ? field : { ...field, display: renamed, config: { ...field.config, displayNameFromDS: renamed } };
    }), frame));
  },

  // One time column for all series, so that they can stand in one table.
  joinByField(frames, { byField }) {
    if (frames.length < 2) return frames;
    const key = (frame) => frame.fields.find((field) => nameOf(field) === byField || field.name === byField) || timeField(frame) || frame.fields[0];
    const all = [...new Set(frames.flatMap((frame) => key(frame).values))].sort(compare);
    const others = frames.flatMap((frame) => {
      const at = new Map(key(frame).values.map((value, row) => [value, row]));
      return frame.fields.filter((field) => field !== key(frame)).map((field) => copy(field, all.map((value) => (at.has(value) ? field.values[at.get(value)] : null))));
    });
    return [makeFrame([copy(key(frames[0]), all), ...others], frames[0])];
  },

  groupBy(frames, { fields = {} }) {
    return frames.map((frame) => {
      const rule = (field) => fields[nameOf(field)] || fields[field.name];
      const keys = frame.fields.filter((field) => rule(field)?.operation === "groupby");
      const groups = new Map();
      rowsOf(frame).forEach((row) => {
        const id = JSON.stringify(keys.map((field) => field.values[row]));
        groups.set(id, [...(groups.get(id) || []), row]);
      });
      const lists = [...groups.values()];
      const calculated = frame.fields.filter((field) => rule(field)?.operation === "aggregate").flatMap((field) => (rule(field).aggregations || []).map((id) => ({
        ...field, name: `${nameOf(field)} (${id})`, display: `${nameOf(field)} (${id})`, labels: {}, values: lists.map((rows) => reduce(rows.map((row) => field.values[row]), id)),
      })));
      return makeFrame([...keys.map((field) => copy(field, lists.map((rows) => field.values[rows[0]]))), ...calculated], frame);
    });
  },

  convertFieldType(frames, { conversions = [] }) {
    return frames.map((frame) => makeFrame(frame.fields.map((field) => {
      const rule = conversions.find(({ targetField }) => targetField === nameOf(field));
      if (!rule) return field;
      const convert = { number: (v) => (v === null || v === "" ? null : Number(v)), string: (v) => (v === null ? null : String(v)), time: (v) => (typeof v === "number" ? v : Date.parse(v)), boolean: Boolean }[rule.destinationType];
      return convert ? { ...copy(field, field.values.map(convert)), type: rule.destinationType } : field;
    }), frame));
  },
};
TRANSFORMS.joinByLabels = TRANSFORMS.labelsToFields;
TRANSFORMS.seriesToColumns = TRANSFORMS.joinByField;
TRANSFORMS.seriesToRows = (frames) => TRANSFORMS.merge(frames.filter(isSeries).map((frame) => makeFrame([timeField(frame),
  { name: "Metric", display: "Metric", type: "string", labels: {}, config: {}, values: rowsOf(frame).map(() => nameOf(numberFields(frame)[0])) },
  { ...numberFields(frame)[0], name: "Value", display: "Value", labels: {} }], frame)));

export function compare(a, b) {
  if (a === b) return 0;
  if (a === null || a === undefined) return -1;
  if (b === null || b === undefined) return 1;
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), undefined, { numeric: true });
}

export function transform(frames, list) {
  return (list || []).filter((step) => !step.disabled && TRANSFORMS[step.id]).reduce((data, step) => TRANSFORMS[step.id](data, step.options || {}), frames);
}
