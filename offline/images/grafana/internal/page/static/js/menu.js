// A button that opens a small menu; one is open at a time; Escape and a click elsewhere close it.
import { h, icon } from "./dom.js";

let closeOpen = null;

document.addEventListener("pointerdown", (event) => {
  if (closeOpen && !event.target.closest(".menu-holder.open")) closeOpen();
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && closeOpen) closeOpen();
});

export function menu({ label, title, cls = "", leading }, build) {
  const caption = h("span", { cls: "menu-label" }, label);
  const button = h("button", { cls: `control ${cls}`, type: "button", title, "aria-haspopup": "true", "aria-expanded": "false", onclick: toggle }, leading ? icon(leading, 15) : null, caption, icon("chevron", 14));
  const holder = h("div", { cls: "menu-holder" }, button);
  let popup = null;
  function close() {
    popup?.remove();
    popup = null;
    holder.classList.remove("open");
    button.setAttribute("aria-expanded", "false");
    closeOpen = null;
  }
  function toggle() {
    if (popup) {
      close();
      return;
    }
    if (closeOpen) closeOpen();
    popup = h("div", { cls: "menu", role: "menu" }, build(close));
    holder.append(popup);
    holder.classList.add("open");
    button.setAttribute("aria-expanded", "true");
    closeOpen = close;
    const box = popup.getBoundingClientRect();
    if (box.right > innerWidth - 8) popup.classList.add("to-left");
    popup.querySelector("input")?.focus();
  }
  return { element: holder, setLabel: (text) => caption.replaceChildren(text) };
}
