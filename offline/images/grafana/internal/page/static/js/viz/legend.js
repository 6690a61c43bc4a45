// The legend: a line of names, or a table with calculated columns. A click isolates a series, with Ctrl it toggles one.
import { h } from "../dom.js";
import { displayText } from "../display.js";
import { reduce, REDUCERS } from "../frames.js";

export function legendOf(options, items, state, redraw) {
  const { displayMode = "list", placement = "bottom", calcs = [], showLegend = true } = options || {};
  if (!showLegend || displayMode === "hidden" || items.length === 0) return null;
  const click = (item) => (event) => {
    const others = items.filter((other) => other !== item);
    if (event.ctrlKey || event.metaKey) state.hidden[state.hidden.has(item.key) ? "delete" : "add"](item.key);
    else if (others.every((other) => state.hidden.has(other.key)) && !state.hidden.has(item.key)) state.hidden.clear();
    else state.hidden = new Set(others.map((other) => other.key));
    redraw();
  };
  const name = (item) => h("button", { cls: "legend-name", type: "button", onclick: click(item), title: item.name },
    h("span", { cls: `swatch ${item.dashed ? "dashed" : ""}`, style: { background: item.color } }), h("span", { cls: "legend-text" }, item.name));
  const off = (item) => (state.hidden.has(item.key) ? "off" : "");
  const value = (item, id) => (item.values ? displayText({ ...item.field, type: "number", config: { ...item.field.config, mappings: [] } }, reduce(item.values, id), item.field.config.decimals) : "");
  if (displayMode === "table") {
    return h("div", { cls: `legend table ${placement}` }, h("table", {},
      h("thead", {}, h("tr", {}, h("th", {}, "Name"), calcs.map((id) => h("th", {}, REDUCERS[id]?.[0] || id)))),
      h("tbody", {}, items.map((item) => h("tr", { cls: off(item) }, h("td", {}, name(item)), calcs.map((id) => h("td", { cls: "number" }, value(item, id))))))));
  }
  return h("div", { cls: `legend list ${placement}` }, items.map((item) => h("div", { cls: `legend-item ${off(item)}` }, name(item),
    (item.extra || []).map((text) => h("span", { cls: "legend-extra" }, text)), calcs.map((id) => h("span", { cls: "legend-calc" }, h("i", {}, `${REDUCERS[id]?.[0] || id}: `), value(item, id))))));
}

// Puts a drawing and its legend into the panel and returns the space left for the drawing.
export function layout(body, legend, placement) {
  const plot = h("div", { cls: "plot" });
  if (legend && placement !== "right") {
    // Whole lines only: half a line of names looks broken.
    const line = legend.classList.contains("table") ? 22 : 21, share = legend.classList.contains("table") ? 0.45 : 0.34;
    legend.style.maxHeight = `${Math.max(1, Math.floor((body.clientHeight * share) / line)) * line}px`;
  }
  body.replaceChildren(h("div", { cls: `with-legend ${legend ? placement || "bottom" : "none"}` }, plot, legend));
  return { plot, width: Math.floor(plot.clientWidth), height: Math.floor(plot.clientHeight) };
}
