// Table panel: units, colours, bars in cells, links, sorting by a click.
import { h, safeUrl } from "../dom.js";
import { contrast } from "../theme.js";
import { bounds } from "../fieldconfig.js";
import { display, valueColor } from "../display.js";
import { reduce, REDUCERS } from "../frames.js";
import { compare } from "../transforms.js";
import { linkTarget } from "../links.js";

export function table(body, context) {
  const { panel, frames, state, noData } = context;
  const usable = frames.filter((frame) => frame.fields.length);
  if (usable.length === 0 || usable.every((frame) => frame.length === 0)) return noData();
  state.frame = Math.min(state.frame || 0, usable.length - 1);
  const frame = usable[state.frame];
  const fields = frame.fields.filter((field) => !field.config.custom?.hidden && !field.config.custom?.hideFrom?.viz);
  const sorting = state.sort || initialSort(panel, fields);
  const rows = Array.from({ length: frame.length }, (_, row) => row);
  const by = sorting && fields.find((field) => field.display === sorting.name);
  if (by) rows.sort((a, b) => compare(by.values[a], by.values[b]) * (sorting.desc ? -1 : 1));
  const redraw = () => table(body, context);
  const head = fields.map((field) => {
    const active = by === field;
    return h("th", { cls: alignOf(field), scope: "col", title: field.config.description || field.display, onclick: () => {
      state.sort = active && sorting.desc ? { name: undefined } : { name: field.display, desc: active ? true : field.type === "number" && !active };
      redraw();
    } }, field.display, active ? h("span", { cls: "sort" }, sorting.desc ? " ↓" : " ↑") : null);
  });
  const spans = new Map(fields.map((field) => [field, field.type === "number" ? bounds(field) : null]));
  const shownRows = rows.slice(0, 500);
  const widths = fields.map((field) => h("col", { style: { width: field.config.custom?.width ? `${field.config.custom.width}px` : undefined } }));
  const grid = h("table", { cls: `data ${panel.options?.cellHeight || "sm"}` }, h("colgroup", {}, widths), panel.options?.showHeader === false ? null : h("thead", {}, h("tr", {}, head)),
    h("tbody", {}, shownRows.map((row) => h("tr", {}, fields.map((field) => cell(field, row, frame, spans.get(field), context))))), footer(panel, fields));
  const choice = usable.length > 1 ? h("select", { cls: "frame-choice", "aria-label": "Series", onchange: (event) => { state.frame = Number(event.target.value); redraw(); } },
    usable.map((candidate, index) => h("option", { value: index, selected: index === state.frame }, candidate.name || candidate.fields.at(-1).display || candidate.refId))) : null;
  const scroller = h("div", { cls: "table-scroll" }, grid);
  const old = body.querySelector(".table-scroll")?.scrollTop || 0;
  body.replaceChildren(h("div", { cls: "table-panel" }, scroller, choice));
  scroller.scrollTop = old;
  return undefined;
}

function initialSort(panel, fields) {
  const wish = panel.options?.sortBy?.[0];
  return wish && fields.some((field) => field.display === wish.displayName) ? { name: wish.displayName, desc: Boolean(wish.desc) } : null;
}

function alignOf(field) {
  const align = field.config.custom?.align;
  if (align && align !== "auto") return align;
  return field.type === "number" ? "right" : "left";
}

function cell(field, row, frame, span, context) {
  const value = field.values[row];
  const shown = display(field, value);
  const text = `${shown.prefix || ""}${shown.text}${shown.suffix || ""}`;
  const options = field.config.custom?.cellOptions || { type: field.config.custom?.displayMode || "auto" };
  const tint = shown.color || (value === null ? undefined : valueColor(field, typeof value === "number" ? value : null, span));
  const style = {};
  let content = text;
  if (options.type === "color-text") style.color = tint;
  else if (options.type === "color-background" && tint) Object.assign(style, { background: options.mode === "gradient" ? `linear-gradient(120deg, ${tint}, color-mix(in srgb, ${tint} 75%, black))` : tint, color: contrast(tint) });
  else if (["gauge", "lcd-gauge", "gradient-gauge", "basic"].includes(options.type) && typeof value === "number") content = bar(value, text, tint, span, options.valueDisplayMode);
  else if (shown.color) style.color = shown.color;
  const link = field.config.links?.[0];
  const url = link && safeUrl(linkTarget(link.url, { field, row, frame, value, text, context }));
  return h("td", { cls: `${alignOf(field)} ${options.wrapText || field.config.custom?.wrapText ? "wrap" : ""}`, style, title: text.length > 24 ? text : undefined },
    url ? h("a", { href: url, target: link.targetBlank ? "_blank" : undefined, rel: "noopener" }, content) : content);
}

function bar(value, text, tint, [low, high], mode) {
  const share = Math.max(0, Math.min(1, (value - low) / (high - low || 1)));
  return h("div", { cls: "cell-gauge" }, h("div", { cls: "cell-track" }, h("div", { cls: "cell-fill", style: { width: `${share * 100}%`, background: `linear-gradient(90deg, color-mix(in srgb, ${tint} 45%, transparent), ${tint})` } })),
    mode === "hidden" ? null : h("span", { style: { color: mode === "text" ? undefined : tint } }, text));
}

function footer(panel, fields) {
  const { show, reducer = ["sum"], fields: chosen = [] } = panel.options?.footer || {};
  if (!show) return null;
  const cells = fields.map((field, index) => {
    const wanted = field.type === "number" && (!chosen.length || chosen.includes(field.display) || chosen.includes(field.name));
    if (!wanted) return h("td", {}, index === 0 ? REDUCERS[reducer[0]]?.[0] || "" : "");
    const shown = display(field, reduce(field.values, reducer[0]));
    return h("td", { cls: "right" }, `${shown.prefix || ""}${shown.text}${shown.suffix || ""}`);
  });
  return h("tfoot", {}, h("tr", {}, cells));
}
