// One tooltip for the whole page, beside the pointer and always inside the window.
import { clear, h } from "../dom.js";

let box;

export function showTooltip(event, title, rows) {
  if (!box) {
    box = h("div", { cls: "tooltip", role: "tooltip" });
    document.body.append(box);
  }
  clear(box).append(...[
    title ? h("div", { cls: "tooltip-title" }, title) : "",
    ...rows.map(({ color, name, value, strong }) => h("div", { cls: `tooltip-row ${strong ? "strong" : ""}` }, color ? h("span", { cls: "swatch", style: { background: color } }) : null,
      h("span", { cls: "tooltip-name" }, name), h("span", { cls: "tooltip-value" }, value))),
  ]);
  box.classList.add("shown");
  const { width, height } = box.getBoundingClientRect();
  const left = event.clientX + 16 + width > innerWidth ? event.clientX - width - 16 : event.clientX + 16;
  const top = Math.min(Math.max(8, event.clientY - height / 2), innerHeight - height - 8);
  box.style.transform = `translate(${Math.max(8, left)}px, ${Math.max(8, top)}px)`;
}

export function hideTooltip() {
  box?.classList.remove("shown");
}
