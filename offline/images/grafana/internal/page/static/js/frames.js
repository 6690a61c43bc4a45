// Data frames: from the server's form to columns with names, and numbers calculated from a column.

export function decode(results) {
  const frames = [];
  for (const [refId, result] of Object.entries(results || {})) {
    for (const frame of result.frames || []) {
      const fields = frame.schema.fields.map((field, index) => ({
        name: field.name, type: field.type, labels: field.labels || {}, config: { ...(field.config || {}) }, values: frame.data.values[index] || [],
      }));
      frames.push(makeFrame(fields, { refId: frame.schema.refId || refId, name: frame.schema.name, meta: frame.schema.meta }));
    }
  }
  return frames;
}

export function makeFrame(fields, { refId, name, meta } = {}) {
  return { fields, refId, name, meta, length: fields.length ? fields[0].values.length : 0 };
}

export const timeField = (frame) => frame.fields.find((field) => field.type === "time");
export const numberFields = (frame) => frame.fields.filter((field) => field.type === "number" || field.type === "boolean");
export const isSeries = (frame) => Boolean(timeField(frame)) && numberFields(frame).length > 0;

// Prometheus answers one frame a series; a query in "table" format becomes rows with a column for each label.
export function prometheusTables(frames, targets) {
  const tableRefs = targets.filter((target) => target.format === "table").map((target) => target.refId);
  const several = targets.length > 1;
  const rest = frames.filter((frame) => !tableRefs.includes(frame.refId));
  for (const refId of tableRefs) {
    const mine = frames.filter((frame) => frame.refId === refId && isSeries(frame));
    if (mine.length === 0) continue;
    rest.push(tableOf(mine, refId, several ? `Value #${refId}` : "Value"));
  }
  return rest;
}

function tableOf(frames, refId, valueName) {
  const labels = [...new Set(frames.flatMap((frame) => Object.keys(numberFields(frame)[0].labels)))].sort();
  const columns = [{ name: "Time", type: "time" }, ...labels.map((name) => ({ name, type: "string" })), { name: valueName, type: "number" }]
    .map((column) => ({ ...column, labels: {}, config: {}, values: [] }));
  for (const frame of frames) {
    const time = timeField(frame), value = numberFields(frame)[0];
    for (let row = 0; row < frame.length; row += 1) {
      columns[0].values.push(time.values[row]);
      labels.forEach((name, index) => columns[index + 1].values.push(value.labels[name] ?? ""));
      columns[columns.length - 1].values.push(value.values[row]);
    }
  }
  return makeFrame(columns, { refId });
}

// The label names whose values differ between series: the shortest honest name.
function singleLabel(frames) {
  const names = new Set();
  for (const frame of frames) for (const field of numberFields(frame)) for (const key of Object.keys(field.labels)) if (key !== "__name__") names.add(key);
  return names.size === 1 ? [...names][0] : undefined;
}

const formatLabels = (labels) => {
  const parts = Object.entries(labels).filter(([key]) => key !== "__name__").map(([key, value]) => `${key}="${value}"`);
  return parts.length ? `{${parts.join(", ")}}` : "";
};

// Gives every field its shown name; `config.displayName` (an override) wins.
export function nameFields(frames) {
  const single = singleLabel(frames);
  for (const frame of frames) {
    for (const field of frame.fields) {
      if (field.config.displayNameFromDS) field.display = field.config.displayNameFromDS;
      else if (field.type === "time" || Object.keys(field.labels).length === 0) field.display = field.name === "Value" && frame.name && frames.length > 1 ? frame.name : field.name;
      else {
        const parts = [];
        if (!["Value", "value"].includes(field.name) || !Object.keys(field.labels).length) parts.push(field.name);
        if (!parts.length && field.labels.__name__) parts.push(field.labels.__name__);
        if (single && field.labels[single] && parts.length && parts[0] === field.labels.__name__) parts.length = 0;
        const label = single ? field.labels[single] : formatLabels(field.labels);
        if (label) parts.push(label);
        field.display = parts.join(single ? " " : "") || field.name;
      }
    }
  }
  const counts = new Map();
  for (const frame of frames) for (const field of numberFields(frame)) {
    const seen = counts.get(field.display) || 0;
    counts.set(field.display, seen + 1);
    if (seen > 0 && !field.config.displayNameFromDS) field.display += ` ${seen + 1}`;
  }
}

const solid = (values) => values.filter((value) => value !== null && value !== undefined && !Number.isNaN(value));

export const REDUCERS = {
  lastNotNull: ["Last *", (values) => solid(values).at(-1) ?? null],
  last: ["Last", (values) => values.at(-1) ?? null],
  firstNotNull: ["First *", (values) => solid(values)[0] ?? null],
  first: ["First", (values) => values[0] ?? null],
  min: ["Min", (values) => solid(values).reduce((least, value) => (least === null || value < least ? value : least), null)],
  max: ["Max", (values) => solid(values).reduce((most, value) => (most === null || value > most ? value : most), null)],
  mean: ["Mean", (values) => { const list = solid(values); return list.length ? list.reduce((sum, value) => sum + Number(value), 0) / list.length : null; }],
  median: ["Median", (values) => { const list = solid(values).sort((a, b) => a - b); return list.length ? (list[Math.floor((list.length - 1) / 2)] + list[Math.ceil((list.length - 1) / 2)]) / 2 : null; }],
  sum: ["Total", (values) => { const list = solid(values); return list.length ? list.reduce((sum, value) => sum + Number(value), 0) : null; }],
  count: ["Count", (values) => values.length],
  range: ["Range", (values) => { const list = solid(values); return list.length ? Math.max(...list) - Math.min(...list) : null; }],
  diff: ["Difference", (values) => { const list = solid(values); return list.length ? list.at(-1) - list[0] : null; }],
  delta: ["Delta", (values) => { const list = solid(values); let sum = 0; for (let i = 1; i < list.length; i += 1) sum += list[i] >= list[i - 1] ? list[i] - list[i - 1] : list[i]; return list.length ? sum : null; }],
  distinctCount: ["Distinct count", (values) => new Set(values).size],
  allIsZero: ["All zeros", (values) => Number(solid(values).every((value) => value === 0))],
};

export function reduce(values, id) {
  return (REDUCERS[id] || REDUCERS.lastNotNull)[1](values);
}
