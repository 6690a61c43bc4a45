// The controls of a dashboard: variables on the left; links, time range and refresh on the right.
import { clear, h, icon, safeUrl } from "./dom.js";
import { get } from "./api.js";
import { menu } from "./menu.js";
import { describe, parseSpan, QUICK, REFRESH, resolve } from "./timerange.js";
import { dateTime } from "./units.js";
import { linkTarget } from "./links.js";

export function variableControls(variables, changed) {
  return variables.list.filter((variable) => variable.hide !== 2 && variable.type !== "constant" && variable.type !== "adhoc").map((variable) => {
    const label = variable.hide === 1 ? null : h("span", { cls: "var-label", title: variable.definition.description || variable.error }, variable.label, variable.error ? icon("alert", 13) : null);
    const control = variable.type === "textbox" ? textBox(variable, changed) : selector(variable, variables, changed);
    return h("div", { cls: `variable ${variable.error ? "failed" : ""}`, "data-variable": variable.name }, label, control);
  });
}

function textBox(variable, changed) {
  return h("input", { cls: "control text", value: variable.value[0] || "", "aria-label": variable.label, onchange: (event) => changed(variable, [event.target.value]) });
}

function selector(variable, variables, changed) {
  const { element } = menu({ label: variables.textOf(variable) || "None", cls: "select", title: variable.label }, (close) => {
    const list = h("div", { cls: "options" });
    const chosen = new Set(variable.value);
    const all = variable.definition.includeAll ? [{ text: "All", value: "$__all" }] : [];
    const choose = (option) => {
      if (!variable.multi) {
        close();
        changed(variable, [option.value]);
        return;
      }
      if (option.value === "$__all") chosen.clear();
      else chosen.delete("$__all");
      chosen[chosen.has(option.value) ? "delete" : "add"](option.value);
      if (!chosen.size) chosen.add(all[0]?.value ?? option.value);
      changed(variable, [...chosen]);
      show(search.value);
    };
    const show = (text) => clear(list).append(...[...all, ...variable.options].filter((option) => option.text.toLowerCase().includes(text.toLowerCase())).slice(0, 300)
      .map((option) => h("button", { cls: `option ${chosen.has(option.value) ? "chosen" : ""}`, type: "button", role: "menuitem", onclick: () => choose(option) }, variable.multi ? h("span", { cls: "check" }) : null, option.text)));
    const search = h("input", { cls: "menu-search", placeholder: "Search", "aria-label": "Search", oninput: () => show(search.value) });
    show("");
    return [variable.options.length > 6 ? search : h("span", { hidden: true }, search), list];
  });
  return element;
}

export function timeControls(dashboard) {
  const picker = menu({ label: describe(dashboard.raw), title: "Time range", cls: "time", leading: "clock" }, (close) => {
    const { from, to } = resolve(dashboard.raw);
    const fields = { from: h("input", { cls: "control text", value: /^\d+$/.test(dashboard.raw.from) ? dateTime(from) : dashboard.raw.from }), to: h("input", { cls: "control text", value: /^\d+$/.test(dashboard.raw.to) ? dateTime(to) : dashboard.raw.to }) };
    const apply = (raw) => {
      close();
      dashboard.setRange(raw);
    };
    const typed = (text) => (text.startsWith("now") ? text : String(Date.parse(text.replace(" ", "T")) || text));
    return h("div", { cls: "time-menu" },
      h("form", { cls: "absolute", onsubmit: (event) => { event.preventDefault(); apply({ from: typed(fields.from.value), to: typed(fields.to.value) }); } }, h("strong", {}, "Absolute time range"), h("label", {}, "From", fields.from), h("label", {}, "To", fields.to), h("button", { cls: "primary", type: "submit" }, "Apply time range")),
      h("div", { cls: "options" }, QUICK.map(([from, text]) => h("button", { cls: `option ${dashboard.raw.from === from && dashboard.raw.to === "now" ? "chosen" : ""}`, type: "button", onclick: () => apply({ from, to: "now" }) }, text))));
  });
  const zoomOut = h("button", { cls: "control", type: "button", title: "Zoom out time range", "aria-label": "Zoom out", onclick: () => {
    const { from, to } = resolve(dashboard.raw), half = to - from;
    dashboard.setRange({ from: String(Math.round(from - half / 2)), to: String(Math.round(Math.min(Date.now(), to + half / 2))) });
  } }, icon("zoomOut", 15));
  const refresh = h("button", { cls: "control", type: "button", title: "Refresh dashboard", "aria-label": "Refresh", onclick: () => dashboard.refresh() }, icon("refresh", 15));
  const offered = dashboard.model.timepicker?.refresh_intervals;
  const every = menu({ label: dashboard.every || "Off", title: "Auto refresh", cls: "every" }, (close) => h("div", { cls: "options" }, ["", ...(offered || REFRESH.slice(1))].filter((text) => text === "" || parseSpan(text)).map((text) => h("button", { cls: `option ${text === (dashboard.every || "") ? "chosen" : ""}`, type: "button", onclick: () => { close(); dashboard.setEvery(text); } }, text || "Off"))));
  return { element: h("div", { cls: "time-controls" }, h("div", { cls: "group" }, picker.element, zoomOut), h("div", { cls: "group" }, refresh, every.element)), setTime: picker.setLabel, setEvery: (text) => every.setLabel(text || "Off") };
}

// Links of the dashboard: to addresses, or to all dashboards with certain tags.
export async function dashboardLinks(dashboard) {
  const query = (link) => [link.keepTime ? dashboard.urlTime() : "", link.includeVars ? dashboard.urlVariables() : ""].filter(Boolean).join("&");
  const anchor = (link, url, text) => {
    const extra = query(link), target = safeUrl(extra ? url + (url.includes("?") ? "&" : "?") + extra : url);
    return target ? h("a", { cls: "control link", href: target, title: link.tooltip || undefined, target: link.targetBlank ? "_blank" : undefined, rel: "noopener" }, icon(link.type === "dashboards" ? "apps" : "link", 14), text) : null;
  };
  const made = await Promise.all((dashboard.model.links || []).map(async (link) => {
    if (link.type === "link") return [anchor(link, linkTarget(link.url, { context: dashboard }), dashboard.variables.replace(link.title || link.url))];
    const parameters = new URLSearchParams({ type: "dash-db" });
    for (const tag of link.tags || []) parameters.append("tag", tag);
    const found = (await get(`/api/search?${parameters}`).catch(() => [])).filter((entry) => entry.uid !== dashboard.model.uid);
    if (!link.asDropdown) return found.map((entry) => anchor(link, entry.url, entry.title));
    return [menu({ label: link.title || "Dashboards", cls: "link", leading: "apps" }, () => h("div", { cls: "options" }, found.map((entry) => h("a", { cls: "option", href: `${entry.url}?${query(link)}` }, entry.title)))).element];
  }));
  return made.flat().filter(Boolean);
}
