// Looks at the address and shows the page that belongs to it.
import { get } from "./api.js";
import { h } from "./dom.js";
import { Dashboard } from "./dashboard.js";
import { footer, listPage, loginPage, messagePage, topBar } from "./pages.js";
import { applyTheme } from "./theme.js";

async function start() {
  applyTheme();
  const app = document.getElementById("app");
  if (location.pathname === "/login") {
    loginPage(app);
    return;
  }
  let settings = {};
  try {
    settings = await get("/api/frontend/settings");
    if (location.pathname === "/dashboards") {
      await listPage(app, settings);
      return;
    }
    const uid = /^\/d\/([^/]+)/.exec(location.pathname)?.[1];
    const { dashboard, meta, redirectUri } = await get(uid ? `/api/dashboards/uid/${uid}` : "/api/dashboards/home");
    if (redirectUri) {
      location.replace(redirectUri);
      return;
    }
    await dashboardPage(app, settings, dashboard, meta);
  } catch (error) {
    app.replaceChildren();
    messagePage(app, settings, error.status === 404 ? "Dashboard not found" : "Something went wrong", error.message);
  }
}

async function dashboardPage(app, settings, model, meta) {
  document.title = `${model.title} - Dashboards - Grafana stand-in`;
  const parameters = new URLSearchParams(location.search);
  const kiosk = parameters.has("kiosk");
  document.body.classList.toggle("kiosk", kiosk);
  const crumbs = meta.isHome ? [["Home", "/"], ["Dashboards", "/dashboards"], [model.title]] : [["Home", "/"], ["Dashboards", "/dashboards"], ...(meta.folderTitle ? [[meta.folderTitle, `/dashboards?folder=${encodeURIComponent(meta.folderUid)}`]] : []), [model.title]];
  if (!kiosk) app.append(topBar(crumbs, settings));
  const main = h("main", { cls: "dashboard" });
  app.append(main, footer());
  await new Dashboard(model, settings).mount(main);
}

start();
