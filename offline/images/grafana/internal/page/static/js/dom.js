// Small helpers to make elements. Text is always set as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") setStyle(element, value);
    else element.setAttribute(name === "cls" ? "class" : name, value === true ? "" : String(value));
  }
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
  return element;
}

// Styles go through the style object: the page's policy allows no style attribute.
export function setStyle(element, styles) {
  for (const [name, value] of Object.entries(styles)) {
    if (value === undefined || value === null) continue;
    if (name.startsWith("--")) element.style.setProperty(name, value);
    else element.style[name] = typeof value === "number" ? `${value}px` : value;
  }
}

export function h(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children);
}

export function s(tag, attributes, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children);
}

export function clear(element) {
  element.replaceChildren();
  return element;
}

export function svgRoot(width, height, attributes) {
  return s("svg", { width, height, viewBox: `0 0 ${width} ${height}`, ...attributes });
}

let counter = 0;
export function uniqueId(prefix) {
  counter += 1;
  return `${prefix}-${counter}`;
}

const PATHS = {
  chevron: "M6 9l6 6 6-6",
  right: "M9 6l6 6-6 6",
  clock: "M12 7v5l3 2M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  refresh: "M20 11a8 8 0 1 0-2.3 6.3M20 5v6h-6",
  zoomOut: "M16.5 16.5L21 21M8 11h6M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14z",
  info: "M12 11v6M12 7.5v.1M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z",
  alert: "M12 9v5M12 17v.1M12 3.5L2.5 20h19L12 3.5z",
  apps: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z",
  search: "M16.5 16.5L21 21M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14z",
  link: "M14 5h5v5M19 5l-9 9M11 6H6a1 1 0 0 0-1 1v11a1 1 0 0 0 1 1h11a1 1 0 0 0 1-1v-5",
  expand: "M4 9V4h5M20 9V4h-5M4 15v5h5M20 15v5h-5",
  user: "M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4 20c1-4 4-6 8-6s7 2 8 6",
  sun: "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
  left: "M15 6l-6 6 6 6",
};

export function icon(name, size = 16) {
  return s("svg", { cls: "icon", width: size, height: size, viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: PATHS[name] }));
}

// A link's address may come from a dashboard file: only http(s) and addresses inside this site are followed.
export function safeUrl(text) {
  try {
    const url = new URL(text, location.href);
    return url.protocol === "http:" || url.protocol === "https:" ? url.href : undefined;
  } catch {
    return undefined;
  }
}
