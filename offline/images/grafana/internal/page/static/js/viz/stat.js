// Stat panel: large values, coloured by thresholds, with a trend.
import { h } from "../dom.js";
import { contrast, darken, lighten } from "../theme.js";
import { arrange, fitFont, reducedValues, textOf } from "./values.js";
import { sparkline } from "./sparkline.js";

export function stat(body, { panel, frames, noData }) {
  const options = panel.options || {};
  const list = reducedValues(panel, frames);
  if (list.length === 0 || (list.every((item) => item.value === null && item.shown.text === ""))) return noData();
  const gap = 6, width = body.clientWidth, height = body.clientHeight;
  const { columns, rows } = arrange(list.length, width, height, 2.4, options.orientation);
  const size = { width: (width - gap * (columns - 1)) / columns, height: (height - gap * (rows - 1)) / rows };
  body.replaceChildren(h("div", { cls: "boxes", style: { gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`, gridTemplateRows: `repeat(${rows}, minmax(0, 1fr))`, gap: `${gap}px` } },
    list.map((item) => box(item, options, size, list.length))));
  return undefined;
}

function box(item, options, { width, height }, count) {
  const { colorMode = "value", graphMode = "area", textMode = "auto", justifyMode = "auto" } = options;
  const background = colorMode.startsWith("background");
  const showName = (textMode === "auto" && count > 1) || textMode === "value_and_name" || textMode === "name";
  const showValue = textMode !== "none" && textMode !== "name";
  const hasGraph = graphMode === "area" && item.trend && textMode !== "none";
  const style = {}, main = { color: background ? contrast(item.color) : colorMode === "none" ? "var(--text-strong)" : item.color };
  if (background) style.background = colorMode === "background_solid" ? item.color : `linear-gradient(120deg, ${darken(item.color, 0.28)}, ${item.color})`;
  const room = hasGraph ? height * 0.62 : height;
  const nameHeight = showName ? Math.min(room * 0.34, 24) : 0;
  const fixed = options.text?.valueSize;
  const number = `${item.shown.prefix || ""}${item.shown.text}`;
  const sizeOfValue = fixed || fitFont(`${number}${shrunk(item.shown.suffix)}`, width - 28, (room - nameHeight - 12) * 0.92, 88);
  const graph = hasGraph ? sparkline(item.trend, { width: Math.round(width), height: Math.round(height * (rowsFor(height) ? 0.42 : 0.5)), color: background ? lighten(item.color, 0.45) : item.color, config: { min: item.field.config.min, max: item.field.config.max } }) : null;
  return h("div", { cls: `stat ${background ? "filled" : ""} ${justifyMode === "center" || (justifyMode === "auto" && (count === 1 || !hasGraph)) ? "center" : ""}`, style, title: `${item.name}: ${textOf(item)}` },
    graph,
    h("div", { cls: "stat-text", style: { height: `${room}px` } },
      showName ? h("div", { cls: "stat-name", style: { fontSize: options.text?.titleSize || Math.max(11, Math.min(18, nameHeight * 0.75)), color: background ? contrast(item.color) : undefined } }, item.name) : null,
      showValue ? h("div", { cls: "stat-value", style: { ...main, fontSize: sizeOfValue } }, number, item.shown.suffix ? h("span", { cls: "unit", style: { fontSize: sizeOfValue * 0.55 } }, item.shown.suffix) : null) : null));
}

const rowsFor = (height) => height > 90;
const shrunk = (suffix) => (suffix || "").slice(0, Math.ceil((suffix || "").length * 0.6));
