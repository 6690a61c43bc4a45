// Markdown and HTML of text panels. Markup passes a list of harmless elements; everything else becomes plain text.
import { safeUrl } from "../dom.js";

const ALLOWED = new Set("A B BLOCKQUOTE BR CODE DEL DIV EM H1 H2 H3 H4 H5 H6 HR I KBD LI OL P PRE S SMALL SPAN STRONG SUB SUP TABLE TBODY TD TH THEAD TR U UL CENTER".split(" "));
const DROPPED = new Set(["SCRIPT", "STYLE", "IFRAME", "OBJECT", "EMBED", "TEMPLATE", "LINK", "META"]);

export function sanitized(html) {
  const parsed = new DOMParser().parseFromString(html, "text/html");
  const result = document.createDocumentFragment();
  for (const node of parsed.body.childNodes) copyInto(result, node);
  return result;
}

function copyInto(parent, node) {
  if (node.nodeType === Node.TEXT_NODE) parent.append(node.textContent);
  if (node.nodeType !== Node.ELEMENT_NODE || DROPPED.has(node.tagName)) return;
  let target = parent;
  if (ALLOWED.has(node.tagName)) {
    target = document.createElement(node.tagName);
    if (node.tagName === "A") {
      const url = safeUrl(node.getAttribute("href") || "");
      if (url) Object.assign(target, { href: url, rel: "noopener noreferrer" });
      if (node.getAttribute("target") === "_blank") target.target = "_blank";
    }
    parent.append(target);
  }
  for (const child of node.childNodes) copyInto(target, child);
}

const escape = (text) => text.replace(/&(?!#?\w+;)/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

function inline(text) {
  const codes = [];
  const kept = text.replace(/`([^`]+)`/g, (_, code) => `\u0000${codes.push(`<code>${escape(code)}</code>`) - 1}\u0000`);
  return kept
    .replace(/\[([^\]]+)\]\(([^)\s]+)(?:\s+"[^"]*")?\)/g, (_, label, url) => `<a href="${url.replaceAll('"', "%22")}">${label}</a>`)
    .replace(/(^|[\s(])(https?:\/\/[^\s<)]+)/g, '$1<a href="$2">$2</a>')
    .replace(/\*\*([^*]+)\*\*|__([^_]+)__/g, (_, a, b) => `<strong>${a || b}</strong>`)
    .replace(/(^|[^\w*])\*([^*\n]+)\*|(^|[^\w])_([^_\n]+)_(?!\w)/g, (_, p, a, q, b) => `${p ?? q ?? ""}<em>${a || b}</em>`)
    .replace(/~~([^~]+)~~/g, "<del>$1</del>")
    .replace(/\u0000(\d+)\u0000/g, (_, index) => codes[Number(index)]);
}

// The common part of Markdown; HTML inside it passes through to the list above.
export function markdown(source) {
  const html = [];
  const lines = source.replaceAll("\r", "").split("\n");
  const isItem = (line) => /^\s*(?:[-*+]|\d+[.)])\s+/.test(line);
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    const heading = /^(#{1,6})\s+(.*?)#*\s*$/.exec(line);
    if (/^\s*```/.test(line)) {
      const code = [];
      for (at += 1; at < lines.length && !/^\s*```/.test(lines[at]); at += 1) code.push(lines[at]);
      html.push(`<pre><code>${escape(code.join("\n"))}</code></pre>`);
    } else if (heading) html.push(`<h${heading[1].length}>${inline(heading[2])}</h${heading[1].length}>`);
    else if (/^\s*([-*_])(\s*\1){2,}\s*$/.test(line)) html.push("<hr>");
    else if (/^\s*>/.test(line)) {
      const quote = [];
      for (; at < lines.length && /^\s*>/.test(lines[at]); at += 1) quote.push(lines[at].replace(/^\s*>\s?/, ""));
      at -= 1;
      html.push(`<blockquote>${markdown(quote.join("\n"))}</blockquote>`);
    } else if (isItem(line)) {
      const tag = /^\s*\d/.test(line) ? "ol" : "ul", items = [];
      for (; at < lines.length && (isItem(lines[at]) || /^\s{2,}\S/.test(lines[at])); at += 1) {
        if (isItem(lines[at])) items.push(lines[at].replace(/^\s*(?:[-*+]|\d+[.)])\s+/, ""));
        else items[items.length - 1] += ` ${lines[at].trim()}`;
      }
      at -= 1;
      html.push(`<${tag}>${items.map((item) => `<li>${inline(item)}</li>`).join("")}</${tag}>`);
    } else if (/\|/.test(line) && /^\s*\|?[\s:|-]+\|[\s:|-]*$/.test(lines[at + 1] || "")) {
      const cells = (row) => row.trim().replace(/^\||\|$/g, "").split("|").map((text) => inline(text.trim()));
      const head = cells(line), rows = [];
      for (at += 2; at < lines.length && /\|/.test(lines[at]); at += 1) rows.push(cells(lines[at]));
      at -= 1;
      const row = (list, tag) => `<tr>${list.map((text) => `<${tag}>${text}</${tag}>`).join("")}</tr>`;
      html.push(`<table><thead>${row(head, "th")}</thead><tbody>${rows.map((list) => row(list, "td")).join("")}</tbody></table>`);
    } else if (/^\s*<\/?[a-zA-Z]/.test(line)) html.push(inline(line));
    else if (line.trim()) {
      const paragraph = [];
      for (; at < lines.length && lines[at].trim() && !/^(#{1,6}\s|\s*```|\s*>)/.test(lines[at]) && !isItem(lines[at]); at += 1) paragraph.push(lines[at]);
      at -= 1;
      html.push(`<p>${inline(paragraph.join("\n")).replace(/ {2,}\n/g, "<br>")}</p>`);
    }
  }
  return html.join("\n");
}
