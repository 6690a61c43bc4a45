// The pages beside a dashboard: the list, the login, a message; and the bar above all of them.
import { clear, h, icon } from "./dom.js";
import { get, post } from "./api.js";
import { toggleTheme } from "./theme.js";

export const NOTICE = "Grafana stand-in — not Grafana: it keeps the interface of grafana/grafana:12.0.2";

export function topBar(crumbs, settings) {
  const user = settings.user || {};
  return h("nav", { cls: "top-bar", "aria-label": "Site" },
    h("a", { cls: "brand", href: "/", title: "Home" }, h("img", { src: "/public/icon.svg", width: 26, height: 26, alt: "" })),
    h("ol", { cls: "crumbs" }, crumbs.map(([text, url], index) => h("li", {}, url ? h("a", { href: url }, text) : h("span", { cls: index === crumbs.length - 1 ? "here" : "" }, text)))),
    h("span", { cls: "spacer" }),
    h("button", { cls: "plain-button", type: "button", title: "Dark or light", "aria-label": "Change theme", onclick: toggleTheme }, icon("sun", 16)),
    user.isSignedIn ? h("a", { cls: "plain-button", href: "/logout", title: "Sign out" }, icon("user", 16), user.login) : h("a", { cls: "control", href: "/login" }, "Sign in"));
}

export function footer() {
  return h("footer", { cls: "notice" }, NOTICE);
}

export async function listPage(app, settings) {
  document.title = "Dashboards - Grafana stand-in";
  const found = await get("/api/search?type=dash-db");
  const parameters = new URLSearchParams(location.search);
  const list = h("div", { cls: "list" });
  const show = (text) => {
    const wanted = text.toLowerCase(), folders = new Map();
    for (const entry of found) {
      if (parameters.get("folder") && entry.folderUid !== parameters.get("folder")) continue;
      if (!`${entry.title} ${entry.tags.join(" ")}`.toLowerCase().includes(wanted)) continue;
      const folder = entry.folderTitle || "Dashboards";
      folders.set(folder, [...(folders.get(folder) || []), entry]);
    }
    clear(list).append(...[...folders].map(([folder, entries]) => h("section", {}, h("h2", {}, folder), entries.map((entry) => h("a", { cls: "list-row", href: entry.url }, icon("apps", 16), h("span", { cls: "list-title" }, entry.title), h("span", { cls: "tags" }, entry.tags.map((tag) => h("span", { cls: "tag" }, tag))))))));
    if (!folders.size) list.append(h("p", { cls: "no-data" }, found.length ? "No dashboard matches." : "No dashboards yet: the provisioning folder is empty."));
  };
  show("");
  const search = h("input", { cls: "control text wide", placeholder: "Search for dashboards", "aria-label": "Search for dashboards", oninput: (event) => show(event.target.value) });
  app.append(topBar([["Home", "/"], ["Dashboards"]], settings), h("main", { cls: "narrow" }, h("h1", {}, "Dashboards"), h("div", { cls: "search" }, icon("search", 16), search), list), footer());
}

export function loginPage(app) {
  document.title = "Sign in - Grafana stand-in";
  const problem = h("p", { cls: "login-problem", role: "alert" });
  const user = h("input", { cls: "control text", name: "user", autocomplete: "username", required: true, autofocus: true });
  const password = h("input", { cls: "control text", name: "password", type: "password", autocomplete: "current-password", required: true });
  const submit = async (event) => {
    event.preventDefault();
    try {
      const { redirectUrl } = await post("/login", { user: user.value, password: password.value });
      location.assign(redirectUrl || "/");
    } catch (error) {
      problem.textContent = error.message;
      password.select();
    }
  };
  app.append(h("main", { cls: "login" }, h("form", { onsubmit: submit }, h("img", { src: "/public/icon.svg", width: 56, height: 56, alt: "" }), h("h1", {}, "Welcome"), h("p", { cls: "muted" }, "Sign in as the administrator, or go on as a viewer."),
    h("label", {}, "User name", user), h("label", {}, "Password", password), problem, h("button", { cls: "primary", type: "submit" }, "Sign in"), h("a", { cls: "muted", href: "/" }, "Continue without signing in"))), footer());
}

export function messagePage(app, settings, title, detail) {
  app.append(topBar([["Home", "/"], ["Dashboards", "/dashboards"]], settings || {}), h("main", { cls: "narrow message" }, h("h1", {}, title), h("p", { cls: "muted" }, detail), h("a", { cls: "control", href: "/dashboards" }, "See all dashboards")), footer());
}

