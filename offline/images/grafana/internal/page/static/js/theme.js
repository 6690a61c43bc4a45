// Colours: the names that dashboards use, the palettes, and which theme is on.

const SHADES = {
  red: ["#F2495C", "#FFA6B0", "#FF7383", "#E02F44", "#C4162A"],
  orange: ["#FF9830", "#FFCB7D", "#FFB357", "#FF780A", "#FA6400"],
  yellow: ["#FADE2A", "#FFF899", "#FFEE52", "#F2CC0C", "#E0B400"],
  green: ["#73BF69", "#C8F2C2", "#96D98D", "#56A64B", "#37872D"],
  blue: ["#5794F2", "#C0D8FF", "#8AB8FF", "#3274D9", "#1F60C4"],
  purple: ["#B877D9", "#DEB6F2", "#CA95E5", "#A352CC", "#8F3BB8"],
};
const NAMED = new Map([["transparent", "rgba(0,0,0,0)"], ["panel-bg", "var(--panel)"], ["text", "var(--text)"], ["white", "#fff"], ["black", "#000"], ["gray", "#808080"]]);
for (const [name, [base, superLight, light, semiDark, dark]] of Object.entries(SHADES)) {
  NAMED.set(name, base).set(`super-light-${name}`, superLight).set(`light-${name}`, light);
  NAMED.set(`semi-dark-${name}`, semiDark).set(`dark-${name}`, dark);
}

export const CLASSIC = [
  "#73BF69", "#F2CC0C", "#8AB8FF", "#FF780A", "#F2495C", "#5794F2", "#B877D9", "#705DA0", "#37872D", "#FADE2A", "#447EBC", "#C15C17",
  "#890F02", "#0A437C", "#6D1F62", "#584477", "#B7DBAB", "#F4D598", "#70DBED", "#F9BA8F", "#F29191", "#82B5D8", "#E5A8E2", "#AEA2E0",
  "#629E51", "#E5AC0E", "#64B0C8", "#E0752D", "#BF1B00", "#0A50A1", "#962D82", "#614D93",
];

export const CONTINUOUS = {
  "continuous-GrYlRd": ["#73BF69", "#F2CC0C", "#F2495C"],
  "continuous-RdYlGr": ["#F2495C", "#F2CC0C", "#73BF69"],
  "continuous-BlYlRd": ["#5794F2", "#F2CC0C", "#F2495C"],
  "continuous-YlRd": ["#FFF899", "#F2495C"],
  "continuous-BlPu": ["#5794F2", "#B877D9"],
  "continuous-YlBl": ["#FADE2A", "#5794F2"],
  "continuous-blues": ["#12263f", "#5794F2"],
  "continuous-reds": ["#3a1217", "#F2495C"],
  "continuous-greens": ["#14301a", "#73BF69"],
  "continuous-purples": ["#2b1838", "#B877D9"],
};

export function color(name) {
  if (!name) return "#808080";
  return NAMED.get(name) || name;
}

export function classic(index) {
  return CLASSIC[index % CLASSIC.length];
}

export function byName(name) {
  let hash = 0;
  for (const char of name) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  return classic(hash % CLASSIC.length);
}

const channels = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));
const toHex = (list) => "#" + list.map((c) => Math.round(Math.max(0, Math.min(255, c))).toString(16).padStart(2, "0")).join("");

export function mix(first, second, share) {
  const a = channels(first), b = channels(second);
  return toHex(a.map((value, index) => value + (b[index] - value) * share));
}

export function gradient(stops, share) {
  const at = Math.max(0, Math.min(1, Number.isFinite(share) ? share : 0)) * (stops.length - 1);
  const index = Math.min(Math.floor(at), stops.length - 2);
  return mix(stops[index], stops[index + 1], at - index);
}

const isHex = (text) => /^#[0-9a-f]{6}$/i.test(text);
export const darken = (text, share) => (isHex(text) ? mix(text, "#000000", share) : text);
export const lighten = (text, share) => (isHex(text) ? mix(text, "#ffffff", share) : text);

// Dark or light text, whichever reads better on a coloured background.
export function contrast(background) {
  if (!isHex(background)) return "var(--text-strong)";
  const [r, g, b] = channels(background).map((c) => c / 255);
  return 0.299 * r + 0.587 * g + 0.114 * b > 0.6 ? "#15171c" : "#ffffff";
}

export function applyTheme() {
  const asked = new URLSearchParams(location.search).get("theme") || stored();
  if (asked === "light" || asked === "dark") document.documentElement.dataset.theme = asked;
}

function stored() {
  try {
    return localStorage.getItem("theme");
  } catch {
    return null;
  }
}

export function toggleTheme() {
  const next = document.documentElement.dataset.theme === "light" ? "dark" : "light";
  document.documentElement.dataset.theme = next;
  try {
    localStorage.setItem("theme", next);
  } catch { /* private windows may refuse; the choice then lasts until the page is left */ }
}
