// One dashboard on the page: its state lives in the address, so that a link shows the same thing.
import { clear, h } from "./dom.js";
import { loadAnnotations } from "./annotations.js";
import { Grid } from "./grid.js";
import { Sources } from "./query.js";
import { parseSpan, describe, resolve } from "./timerange.js";
import { dashboardLinks, timeControls, variableControls } from "./toolbar.js";
import { Variables } from "./variables.js";

export class Dashboard {
  constructor(model, settings) {
    this.model = model;
    this.params = new URLSearchParams(location.search);
    this.sources = new Sources(settings);
    this.panels = settings.panels || {};
    this.variables = new Variables(model.templating?.list, this.sources, this.params);
    this.raw = { from: this.params.get("from") || model.time?.from || "now-1h", to: this.params.get("to") || model.time?.to || "now" };
    this.every = this.params.has("refresh") ? this.params.get("refresh") : model.refresh || "";
    this.range = resolve(this.raw);
    this.annotations = [];
    this.grid = new Grid(this);
  }

  async mount(parent) {
    this.left = h("div", { cls: "variables" });
    this.right = h("div", { cls: "links" });
    this.time = timeControls(this);
    this.controls = h("div", { cls: "controls" }, this.left, h("span", { cls: "spacer" }), this.right, this.time.element);
    parent.append(this.controls, this.grid.element);
    await this.variables.load(this.range);
    this.showControls();
    this.grid.build();
    this.schedule();
    await this.refresh(false);
  }

  async showControls() {
    clear(this.left).append(...variableControls(this.variables, (variable, value) => this.setVariable(variable, value)));
    clear(this.right).append(...(await dashboardLinks(this)));
  }

  async refresh(reloadVariables = true) {
    this.range = resolve(this.raw);
    const dynamic = this.variables.list.some((variable) => variable.definition.refresh === 2);
    if (reloadVariables && dynamic) await this.variables.load(this.range);
    const annotations = loadAnnotations(this.model, this).then((events) => {
      const changed = JSON.stringify(events) !== JSON.stringify(this.annotations);
      this.annotations = events;
      if (changed) for (const view of this.grid.views) if (view.panel.type === "timeseries") view.redraw();
    });
    this.grid.refresh();
    await Promise.all([this.grid.settled(), annotations]);
    document.body.dataset.ready = "true";
  }

  async setVariable(variable, value) {
    variable.value = value;
    await this.variables.load(this.range);
    this.saveAddress();
    if (!variable.multi || !document.querySelector(".menu-holder.open")) this.showControls();
    this.grid.build();
    await this.refresh(false);
  }

  setRange(raw) {
    this.raw = raw;
    this.time.setTime(describe(raw));
    this.saveAddress();
    return this.refresh();
  }

  setEvery(text) {
    this.every = text;
    this.time.setEvery(text);
    this.saveAddress();
    this.schedule();
  }

  schedule() {
    clearInterval(this.timer);
    const length = parseSpan(this.every);
    // A page in the background asks nothing: the machine is small.
    if (length) this.timer = setInterval(() => document.hidden || this.refresh(), Math.max(length, 5000));
  }

  toggleView(id) {
    if (this.params.get("viewPanel")) this.params.delete("viewPanel");
    else this.params.set("viewPanel", id);
    this.saveAddress();
    this.grid.build();
    this.refresh(false);
  }

  saveAddress() {
    this.params.set("from", this.raw.from);
    this.params.set("to", this.raw.to);
    if (this.every) this.params.set("refresh", this.every);
    else this.params.set("refresh", "");
    for (const variable of this.variables.list) {
      this.params.delete(`var-${variable.name}`);
      for (const value of variable.value) this.params.append(`var-${variable.name}`, value);
    }
    history.replaceState(null, "", `${location.pathname}?${this.params}`);
  }

  urlTime() {
    return `from=${encodeURIComponent(this.raw.from)}&to=${encodeURIComponent(this.raw.to)}`;
  }

  urlVariables(only) {
    return this.variables.list.filter((variable) => !only || variable.name === only).flatMap((variable) => variable.value.map((value) => `var-${variable.name}=${encodeURIComponent(value)}`)).join("&");
  }

  destroy() {
    clearInterval(this.timer);
    this.grid.destroy();
  }
}
