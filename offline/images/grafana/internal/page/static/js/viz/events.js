// Annotations on a time axis: a dashed line with a marker for a moment, a shaded band for a span.
import { s } from "../dom.js";
import { dateTime } from "../units.js";
import { hideTooltip, showTooltip } from "./tooltip.js";

export function drawAnnotations(svg, annotations, range, x, area) {
  for (const event of annotations || []) {
    const until = event.timeEnd && event.timeEnd > event.time ? event.timeEnd : event.time;
    if (until < range.from || event.time > range.to) continue;
    const from = Math.max(x(event.time), area.left), to = Math.min(x(until), area.right);
    const group = s("g", { cls: "annotation" });
    if (to - from > 1.5) {
      group.append(s("rect", { x: from, width: to - from, y: area.top, height: area.bottom - area.top, fill: event.color, opacity: 0.09 }),
        s("rect", { x: from, width: to - from, y: area.bottom, height: 3, fill: event.color, opacity: 0.9 }),
        ...[from, to].map((at) => s("line", { x1: at, x2: at, y1: area.top, y2: area.bottom, stroke: event.color, "stroke-dasharray": "4 3", opacity: 0.55 })));
    } else {
      group.append(s("line", { x1: from, x2: from, y1: area.top, y2: area.bottom, stroke: event.color, "stroke-dasharray": "4 3", opacity: 0.8 }),
        s("path", { d: `M${from - 4.5},${area.bottom + 5}h9l-4.5,-6z`, fill: event.color }));
    }
    const handle = s("rect", { cls: "annotation-handle", x: from - 5, width: Math.max(to - from, 0) + 10, y: area.bottom - 5, height: 13, fill: "transparent" });
    const rows = [{ color: event.color, name: event.title || event.text, value: "" }, ...(event.title && event.text ? [{ name: event.text, value: "" }] : []), ...(event.tags?.length ? [{ name: event.tags.join(", "), value: "" }] : [])];
    handle.addEventListener("pointermove", (pointer) => {
      pointer.stopPropagation();
      showTooltip(pointer, until > event.time ? `${dateTime(event.time)} – ${dateTime(until)}` : dateTime(event.time), rows);
    });
    handle.addEventListener("pointerleave", hideTooltip);
    svg.append(group, handle);
  }
}
