// One panel on the page: frame, title, loading, errors, and redrawing when its size changes.
import { clear, h, icon, safeUrl } from "./dom.js";
import { loadPanel } from "./query.js";
import { linkTarget } from "./links.js";
import { RENDERERS, WITHOUT_DATA } from "./viz/registry.js";

export class PanelView {
  constructor(panel, dashboard, scoped) {
    this.panel = panel;
    this.dashboard = dashboard;
    this.scoped = scoped;
    this.state = { hidden: new Set() };
    this.body = h("div", { cls: "panel-body" });
    this.badge = h("div", { cls: "panel-badge", hidden: true });
    this.element = h("section", { cls: `panel type-${panel.type} ${panel.transparent ? "transparent" : ""}`, "data-panel-id": panel.id, "aria-label": panel.title || panel.type }, this.header(), h("div", { cls: "loading" }), this.badge, this.body);
    this.observer = new ResizeObserver(() => this.redraw());
    // The browser reports once for every panel, also for those far away.
    this.looked = new Promise((resolve) => { this.reported = resolve; });
    this.visibility = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) {
        this.seen = true;
        if (this.stale) this.load();
      }
      this.reported();
    }, { rootMargin: "400px" });
    this.observer.observe(this.body);
    this.visibility.observe(this.element);
    this.stale = true;
  }

  header() {
    const { panel, dashboard } = this;
    const title = dashboard.variables.replace(panel.title || "", undefined, this.scoped);
    const description = panel.description ? h("span", { cls: "panel-info", tabindex: 0 }, icon("info", 14), h("span", { cls: "panel-description" }, dashboard.variables.replace(panel.description, undefined, this.scoped))) : null;
    const links = (panel.links || []).map((link) => ({ link, url: safeUrl(linkTarget(link.url, { context: this.context() })) })).filter(({ url }) => url)
      .map(({ link, url }) => h("a", { cls: "panel-link", href: url, title: link.title, target: link.targetBlank ? "_blank" : undefined, rel: "noopener" }, icon("link", 14)));
    const view = h("button", { cls: "panel-view", type: "button", title: "View larger / back", "aria-label": "View larger", onclick: () => dashboard.toggleView(panel.id) }, icon("expand", 14));
    const plain = !title && !description && !links.length;
    return h("header", { cls: `panel-header ${plain ? "plain" : ""}` }, h("h2", { title }, title), description, links, h("span", { cls: "spacer" }), view);
  }

  context() {
    const { dashboard } = this;
    return {
      panel: this.panel, state: this.state, variables: dashboard.variables, sources: dashboard.sources, scoped: this.scoped, range: dashboard.range,
      annotations: dashboard.annotations, sharedCrosshair: dashboard.model.graphTooltip > 0, onZoom: (from, to) => dashboard.setRange({ from: String(Math.round(from)), to: String(Math.round(to)) }),
      urlTime: () => dashboard.urlTime(), urlVariables: (name) => dashboard.urlVariables(name), noData: () => this.noData(),
    };
  }

  // Asks for data now, or when the panel comes near the window.
  refresh() {
    this.stale = true;
    if (this.seen) this.load();
  }

  load() {
    this.stale = false;
    this.loading = this.fetchAndDraw();
  }

  async fetchAndDraw() {
    const turn = (this.turn = (this.turn || 0) + 1);
    if (WITHOUT_DATA.has(this.panel.type)) {
      this.data = { frames: [], problems: [], range: this.dashboard.range };
      this.redraw();
      return;
    }
    this.element.classList.add("busy");
    try {
      const data = await loadPanel(this.panel, this.context(), this.body.clientWidth || 600);
      if (turn !== this.turn) return;
      this.data = data;
      this.problem(data.problems.join("\n"));
      this.redraw();
    } catch (error) {
      if (turn !== this.turn) return;
      this.problem(error.message);
      if (!this.data) this.noData();
    } finally {
      if (turn === this.turn) this.element.classList.remove("busy");
    }
  }

  problem(text) {
    this.badge.hidden = !text;
    clear(this.badge).append(icon("alert", 14), h("span", { cls: "panel-description" }, text || ""));
  }

  noData() {
    const text = this.panel.fieldConfig?.defaults?.noValue || "No data";
    clear(this.body).append(h("div", { cls: "no-data" }, text));
  }

  redraw() {
    if (!this.data || !this.body.clientWidth || !this.body.clientHeight) return;
    const draw = RENDERERS[this.panel.type];
    if (!draw) {
      const text = this.dashboard.panels[this.panel.type] ? `The stand-in does not draw panels of type "${this.panel.type}".` : `Panel plugin not found: ${this.panel.type}`;
      clear(this.body).append(h("div", { cls: "no-data" }, text));
      return;
    }
    try {
      const result = draw(this.body, { ...this.context(), frames: this.data.frames, range: this.data.range });
      if (result instanceof Promise) result.catch((error) => this.problem(error.message));
    } catch (error) {
      console.error(error);
      this.problem(`The panel cannot be drawn: ${error.message}`);
    }
  }

  destroy() {
    this.observer.disconnect();
    this.visibility.disconnect();
    this.reported();
    this.turn = -1;
  }
}
