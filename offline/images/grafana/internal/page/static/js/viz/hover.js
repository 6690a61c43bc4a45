// Crosshair, tooltip and zooming by dragging. The crosshair is shared by all panels of a dashboard that asks for it.
import { s } from "../dom.js";
import { dateTime, formatText } from "../units.js";
import { displayText } from "../display.js";
import { hideTooltip, showTooltip } from "./tooltip.js";
import { linear } from "./scale.js";

export const bus = new EventTarget();

function nearest(times, wanted) {
  let low = 0, high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < wanted) low = middle + 1;
    else high = middle;
  }
  return low > 0 && Math.abs(times[low - 1] - wanted) < Math.abs(times[low] - wanted) ? low - 1 : low;
}

export function attachHover(plot, svg, { context, visible, x, area, range }) {
  const line = s("line", { cls: "crosshair", y1: area.top, y2: area.bottom, visibility: "hidden" });
  const dots = s("g", { cls: "dots" });
  const drag = s("rect", { cls: "zoom", y: area.top, height: area.bottom - area.top, visibility: "hidden" });
  svg.append(line, dots, drag);
  const timeAt = linear(area.left, area.right, range.from, range.to);
  const place = (time) => {
    const at = x(time);
    const shown = at >= area.left && at <= area.right;
    line.setAttribute("visibility", shown ? "visible" : "hidden");
    line.setAttribute("x1", at);
    line.setAttribute("x2", at);
  };
  const leave = () => {
    line.setAttribute("visibility", "hidden");
    dots.replaceChildren();
  };
  const shared = ({ detail }) => {
    if (!plot.isConnected) return bus.removeEventListener("hover", shared);
    if (detail.source !== plot) detail.time === null ? leave() : place(detail.time);
    return undefined;
  };
  if (context.sharedCrosshair) bus.addEventListener("hover", shared);
  let start = null;
  const position = (event) => {
    const box = svg.getBoundingClientRect();
    return { px: Math.max(area.left, Math.min(area.right, event.clientX - box.left)), py: event.clientY - box.top };
  };
  svg.addEventListener("pointermove", (event) => {
    const { px, py } = position(event);
    if (start !== null) {
      drag.setAttribute("visibility", "visible");
      drag.setAttribute("x", Math.min(start, px));
      drag.setAttribute("width", Math.abs(px - start));
      return;
    }
    const time = timeAt(px);
    place(time);
    bus.dispatchEvent(new CustomEvent("hover", { detail: { time, source: plot } }));
    tooltip(event, { context, visible, time, py, dots, x });
  });
  svg.addEventListener("pointerdown", (event) => {
    start = position(event).px;
    svg.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  svg.addEventListener("pointerup", (event) => {
    const end = position(event).px;
    drag.setAttribute("visibility", "hidden");
    if (start !== null && Math.abs(end - start) > 6) context.onZoom(timeAt(Math.min(start, end)), timeAt(Math.max(start, end)));
    start = null;
  });
  svg.addEventListener("pointerleave", () => {
    leave();
    hideTooltip();
    bus.dispatchEvent(new CustomEvent("hover", { detail: { time: null, source: plot } }));
  });
}

function tooltip(event, { context, visible, time, py, dots, x }) {
  const { mode = "single", sort = "none", hideZeros } = context.panel.options?.tooltip || {};
  dots.replaceChildren();
  if (mode === "none") return;
  let moment = null;
  const hits = visible.filter((series) => series.times.length).map((series) => {
    const index = nearest(series.times, time);
    const reach = Math.max((series.interval || 60000) * 2, (context.range.to - context.range.from) / 60);
    const value = (series.raw || series.values)[index];
    if (Math.abs(series.times[index] - time) > reach || value === null || value === undefined || series.custom.hideFrom?.tooltip) return null;
    return { series, index, value, y: series.axis.y(series.tops[index]) };
  }).filter(Boolean).filter((hit) => !hideZeros || hit.value !== 0);
  if (hits.length === 0) return hideTooltip();
  const closest = hits.reduce((best, hit) => (Math.abs(hit.y - py) < Math.abs(best.y - py) ? hit : best));
  moment = closest.series.times[closest.index];
  const shown = mode === "multi" ? hits : [closest];
  if (sort !== "none") shown.sort((a, b) => (sort === "desc" ? b.value - a.value : a.value - b.value));
  for (const hit of shown) dots.append(s("circle", { cx: x(hit.series.times[hit.index]), cy: hit.y, r: 3.5, fill: hit.series.color }));
  showTooltip(event, dateTime(moment), shown.slice(0, 25).map(({ series, value }) => ({
    color: series.color, name: series.name, strong: mode === "multi" && series === closest.series,
    value: series.field.config.mappings?.length ? displayText(series.field, value) : formatText(value, series.unit, series.field.config.decimals ?? undefined),
  })));
  return undefined;
}
