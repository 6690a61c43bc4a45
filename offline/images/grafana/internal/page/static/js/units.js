// Units: a number and a unit's id become {text, suffix, prefix}. Ids are Grafana's.

const scaled = (base, names, offset = 0) => (value, decimals) => {
  let index = offset, size = Math.abs(value), shown = value;
  while (size >= base && index < names.length - 1) {
    size /= base;
    shown /= base;
    index += 1;
  }
  // 999,999 rounds to "1000 K": one more step makes it "1 Mil".
  if (Math.abs(parseFloat(fixed(shown, decimals))) >= base && index < names.length - 1) {
    shown /= base;
    index += 1;
  }
  return { text: fixed(shown, decimals), suffix: names[index] };
};

const plain = (suffix, factor = 1) => (value, decimals) => ({ text: fixed(value * factor, decimals), suffix });

const SHORT = ["", " K", " Mil", " Bil", " Tri", " Quadr"];
const SI = ["", "k", "M", "G", "T", "P"];
const IEC = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"].map((name) => ` ${name}`);
const DEC = ["B", "kB", "MB", "GB", "TB", "PB"].map((name) => ` ${name}`);
const per = (suffix) => SI.map((prefix) => (prefix ? `${prefix} ${suffix}` : ` ${suffix}`));

const SPANS = [["y", 31536e6], ["w", 6048e5], ["d", 864e5], ["h", 36e5], ["m", 6e4], ["s", 1e3], ["ms", 1], ["µs", 1e-3], ["ns", 1e-6]];
const NAMES = { y: " years", w: " weeks", d: " days", h: " hours", m: " mins", s: " s", ms: " ms", "µs": " µs", ns: " ns" };

// A time in milliseconds with the largest unit that fits.
function span(factor) {
  return (value, decimals) => {
    const millis = value * factor;
    const size = Math.abs(millis);
    if (size === 0) return { text: "0", suffix: factor >= 1000 ? " s" : factor === 1 ? " ms" : factor === 1e-3 ? " µs" : " ns" };
    const [name, length] = SPANS.find(([, from]) => size >= from) || SPANS[SPANS.length - 1];
    const text = fixed(millis / length, decimals);
    const long = NAMES[name].length > 3 && Math.abs(parseFloat(text)) === 1;
    return { text, suffix: long ? NAMES[name].slice(0, -1) : NAMES[name] };
  };
}

function clock(factor) {
  return (value) => {
    let rest = Math.abs(Math.round(value * factor / 1000));
    const parts = [["d", 86400], ["h", 3600], ["m", 60], ["s", 1]].map(([name, length]) => {
      const count = Math.floor(rest / length);
      rest -= count * length;
      return [count, name];
    }).filter(([count]) => count > 0).slice(0, 2);
    return { text: (value < 0 ? "-" : "") + (parts.map(([count, name]) => `${count}${name}`).join(" ") || "0s"), suffix: "" };
  };
}

const two = (n) => String(n).padStart(2, "0");
export function dateTime(millis, utc = false) {
  const d = new Date(millis);
  if (Number.isNaN(d.getTime())) return "Invalid date";
  return utc
    ? d.toISOString().slice(0, 19).replace("T", " ")
    : `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}:${two(d.getSeconds())}`;
}

function fromNow(value) {
  const gone = Date.now() - value;
  const { text, suffix } = span(1)(Math.abs(gone), 0);
  return { text: gone >= 0 ? `${text}${suffix} ago` : `in ${text}${suffix}`, suffix: "" };
}

const rates = { ops: "ops/s", reqps: "req/s", rps: "rd/s", wps: "wr/s", iops: "io/s", cps: "c/s", eps: "evt/s", mps: "msg/s", recps: "rec/s", rowsps: "rows/s", opm: "ops/m", rpm: "rd/m", wpm: "wr/m", cpm: "c/m", pps: "p/s", hertz: "Hz" };

const UNITS = {
  none: plain(""), string: (value) => ({ text: String(value), suffix: "" }), short: scaled(1000, SHORT), sishort: scaled(1000, SI),
  locale: (value, decimals) => ({ text: value.toLocaleString("en-US", decimals === undefined ? {} : { minimumFractionDigits: decimals, maximumFractionDigits: decimals }), suffix: "" }),
  percent: plain("%"), percentunit: plain("%", 100), bytes: scaled(1024, IEC), decbytes: scaled(1000, DEC),
  kbytes: scaled(1024, IEC, 1), mbytes: scaled(1024, IEC, 2), gbytes: scaled(1024, IEC, 3),
  deckbytes: scaled(1000, DEC, 1), decmbytes: scaled(1000, DEC, 2), decgbytes: scaled(1000, DEC, 3),
  bits: scaled(1024, ["b", "Kib", "Mib", "Gib", "Tib", "Pib"].map((n) => ` ${n}`)), decbits: scaled(1000, per("b")),
  Bps: scaled(1000, DEC.map((n) => `${n}/s`)), binBps: scaled(1024, IEC.map((n) => `${n}/s`)), bps: scaled(1000, per("b/s")),
  KBs: scaled(1000, DEC.map((n) => `${n}/s`), 1), MBs: scaled(1000, DEC.map((n) => `${n}/s`), 2), KiBs: scaled(1024, IEC.map((n) => `${n}/s`), 1), MiBs: scaled(1024, IEC.map((n) => `${n}/s`), 2),
  ns: span(1e-6), "µs": span(1e-3), us: span(1e-3), ms: span(1), s: span(1e3), m: span(6e4), h: span(36e5), d: span(864e5),
  dtdurations: clock(1000), dtdurationms: clock(1), clocks: clock(1000), clockms: clock(1),
  dateTimeAsIso: (value) => ({ text: dateTime(value), suffix: "" }), dateTimeAsIsoNoDateIfToday: (value) => ({ text: dateTime(value), suffix: "" }),
  dateTimeAsUS: (value) => ({ text: dateTime(value), suffix: "" }), dateTimeAsLocal: (value) => ({ text: dateTime(value), suffix: "" }),
  dateTimeAsSystem: (value) => ({ text: dateTime(value), suffix: "" }), dateTimeFromNow: fromNow,
  celsius: plain(" °C"), watt: scaled(1000, per("W")), currencyUSD: (value, decimals) => ({ prefix: "$", ...scaled(1000, SHORT)(value, decimals) }),
  bool: (value) => ({ text: value ? "True" : "False", suffix: "" }), bool_yes_no: (value) => ({ text: value ? "Yes" : "No", suffix: "" }), bool_on_off: (value) => ({ text: value ? "On" : "Off", suffix: "" }),
};
for (const [id, name] of Object.entries(rates)) UNITS[id] = scaled(1000, ["", "K", "Mil", "Bil"].map((n) => (n ? ` ${n} ${name}` : ` ${name}`)));

export const isBinary = (unit) => ["bytes", "kbytes", "mbytes", "gbytes", "binBps", "bits"].includes(unit);
export const isPercentUnit = (unit) => unit === "percentunit";

// Without a wish for decimals about three digits carry meaning.
function fixed(value, decimals) {
  if (decimals !== undefined && decimals !== null) return value.toFixed(Math.max(0, Math.min(decimals, 12)));
  const size = Math.abs(value);
  if (size === 0) return "0";
  const places = size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : Math.min(12, 2 - Math.floor(Math.log10(size)));
  return String(parseFloat(value.toFixed(places)));
}

export function format(value, unit, decimals) {
  if (value === null || value === undefined || Number.isNaN(value)) return { text: "", suffix: "", prefix: "" };
  if (!Number.isFinite(value)) return { text: value > 0 ? "∞" : "-∞", suffix: "", prefix: "" };
  const known = UNITS[unit || "none"];
  if (known) return { prefix: "", ...known(value, decimals) };
  const custom = /^(prefix|suffix|si|time|count|currency|bool):(.*)$/.exec(unit);
  if (custom && custom[1] === "prefix") return { text: fixed(value, decimals), prefix: custom[2], suffix: "" };
  if (custom && custom[1] === "si") return { prefix: "", ...scaled(1000, per(custom[2]))(value, decimals) };
  return { text: fixed(value, decimals), prefix: "", suffix: ` ${custom ? custom[2] : unit}` };
}

export function formatText(value, unit, decimals) {
  const { prefix, text, suffix } = format(value, unit, decimals);
  return `${prefix || ""}${text}${suffix}`;
}
