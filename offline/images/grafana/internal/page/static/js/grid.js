// The 24-column grid: positions, rows that open and close, panels repeated for each value of a variable.
import { clear, h, icon } from "./dom.js";
import { PanelView } from "./panel.js";

// Rows own the panels after them until the next row; a collapsed row carries its panels inside.
export function sections(panels) {
  const sorted = [...panels].sort((a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x);
  const list = [{ row: null, panels: [] }];
  for (const panel of sorted) {
    if (panel.type === "row") {
      list.push({ row: panel, panels: [...(panel.panels || [])] });
      // A collapsed row has its panels inside: what follows does not belong to it.
      if (panel.collapsed && panel.panels?.length) list.push({ row: null, panels: [] });
    } else list.at(-1).panels.push(panel);
  }
  return list;
}

function repeated(panel, variables) {
  const variable = panel.repeat && variables.find(panel.repeat);
  if (!variable) return [{ panel, scoped: undefined }];
  const values = variables.valuesOf(variable);
  const across = panel.repeatDirection !== "v", columns = across ? Math.min(panel.maxPerRow || 4, Math.max(values.length, 1)) : 1;
  const width = across ? Math.floor(24 / columns) : panel.gridPos.w;
  return values.map((value, index) => ({
    scoped: { [variable.name]: value },
    panel: { ...panel, gridPos: { ...panel.gridPos, w: width, x: across ? (index % columns) * width : panel.gridPos.x, y: panel.gridPos.y + Math.floor(index / columns) * panel.gridPos.h } },
  }));
}

// Repeated panels need more room than the file gave them: what they would cover moves down.
function settled(entries) {
  const placed = [];
  for (const entry of entries) {
    const own = { ...entry.panel.gridPos };
    const inTheWay = () => placed.find((other) => own.x < other.x + other.w && other.x < own.x + own.w && own.y < other.y + other.h && other.y < own.y + own.h);
    for (let other = inTheWay(); other; other = inTheWay()) own.y = other.y + other.h;
    placed.push(own);
    entry.panel = { ...entry.panel, gridPos: own };
  }
  return entries;
}

export class Grid {
  constructor(dashboard) {
    this.dashboard = dashboard;
    this.element = h("div", { cls: "grid" });
    this.collapsed = new Set();
    this.views = [];
    this.sections = sections((dashboard.model.panels || []).map((panel) => ({ ...panel, gridPos: { x: 0, y: 0, w: 12, h: 8, ...panel.gridPos } })));
    for (const { row } of this.sections) if (row?.collapsed && row.panels?.length) this.collapsed.add(row.id ?? row.title);
  }

  build() {
    for (const view of this.views) view.destroy();
    this.views = [];
    clear(this.element);
    const only = Number(this.dashboard.params.get("viewPanel")) || null;
    let line = 1;
    for (const section of this.sections) {
      const key = section.row && (section.row.id ?? section.row.title);
      if (section.row && !only) {
        this.element.append(this.rowHeader(section, key, line));
        line += 1;
        if (this.collapsed.has(key)) continue;
      }
      const entries = settled(section.panels.flatMap((panel) => repeated({ ...panel, gridPos: { x: 0, y: 0, w: 12, h: 8, ...panel.gridPos } }, this.dashboard.variables)).filter(({ panel }) => !only || panel.id === only));
      if (!entries.length) continue;
      const top = Math.min(...entries.map(({ panel }) => panel.gridPos.y));
      let bottom = line;
      for (const { panel, scoped } of entries) {
        const view = new PanelView(panel, this.dashboard, scoped);
        const { x, y, w, h: height } = panel.gridPos;
        const start = line + y - top;
        if (!only) Object.assign(view.element.style, { gridColumn: `${x + 1} / span ${Math.min(w, 24 - x)}`, gridRow: `${start} / span ${height}` });
        view.element.style.setProperty("--rows", height);
        bottom = Math.max(bottom, start + height);
        this.views.push(view);
        this.element.append(view.element);
      }
      line = bottom;
    }
    this.element.classList.toggle("single", Boolean(only));
  }

  rowHeader(section, key, line) {
    const closed = this.collapsed.has(key);
    const title = this.dashboard.variables.replace(section.row.title || "Row");
    return h("button", { cls: `row-header ${closed ? "closed" : ""}`, type: "button", "aria-expanded": String(!closed), style: { gridColumn: "1 / span 24", gridRow: `${line} / span 1` }, onclick: () => {
      this.collapsed[closed ? "delete" : "add"](key);
      this.build();
      this.refresh();
    } }, icon("chevron", 16), h("span", {}, title), closed ? h("small", {}, `(${section.panels.length} panel${section.panels.length === 1 ? "" : "s"})`) : null);
  }

  refresh() {
    for (const view of this.views) view.refresh();
  }

  // Settles when the panels that can be seen have their data.
  async settled() {
    await Promise.all(this.views.map((view) => view.looked));
    await Promise.all(this.views.map((view) => view.loading));
  }

  destroy() {
    for (const view of this.views) view.destroy();
  }
}
