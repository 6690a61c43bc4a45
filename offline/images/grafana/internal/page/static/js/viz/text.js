// Text and dashboard list panels.
import { clear, h } from "../dom.js";
import { get } from "../api.js";
import { markdown, sanitized } from "./markdown.js";

export function text(body, { panel, variables, scoped }) {
  const { content = panel.content || "", mode = panel.mode || "markdown" } = panel.options || {};
  const filled = variables.replace(content, undefined, scoped);
  const holder = h("div", { cls: `text-panel ${mode}` });
  if (mode === "code") holder.append(h("pre", {}, filled));
  else holder.append(sanitized(mode === "html" ? filled : markdown(filled)));
  clear(body).append(holder);
}

export async function dashlist(body, { panel }) {
  const { maxItems = 30, query = "", tags = [] } = panel.options || {};
  const parameters = new URLSearchParams({ type: "dash-db", query });
  for (const tag of tags) parameters.append("tag", tag);
  const found = await get(`/api/search?${parameters}`);
  clear(body).append(h("div", { cls: "dashlist" }, found.slice(0, maxItems).map((entry) => h("a", { href: entry.url, cls: "dashlist-row" }, h("span", {}, entry.title), h("small", {}, entry.folderTitle || "Dashboards")))));
}
