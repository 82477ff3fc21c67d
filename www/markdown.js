/**
 * Markdown as elements: that part of it in which model cards are written. Headings, paragraphs, lists, tables, blocks of code; within them
 * code, emphasis and links. Everything else, markup included, is text and is shown as text.
 */

import { make } from "./dom.js";

/**
 * What a link becomes, or null where it leads nowhere from here: its text is shown then.
 * @callback MakeLink
 * @param {string} address as it is written
 * @returns {HTMLAnchorElement | null}
 */

/** Bounded, so that no text makes the search for their ends long. */
const INLINE = /`([^`]{1,500})`|\*\*([^*]{1,500})\*\*|\*([^*\s][^*]{0,500})\*|\[([^\]]{1,300})\]\(([^()\s]{1,500})\)/g;
const FENCE = /^```/;
const HEADING = /^(#{1,6}) +(.*)$/;
const ITEM = /^(?:[-*]|(\d{1,9})[.)]) +(.*)$/;
const ROW = /^\|(.*)\|\s*$/;
const RULE = /^\|(?: *:?-+:? *\|)+\s*$/;

/**
 * @param {string} text
 * @param {object} options
 * @param {number} options.level of the headings that are highest in the text
 * @param {MakeLink} options.link
 * @returns {HTMLElement[]} the blocks, in order
 */
export function markdown(text, { level, link }) {
  const lines = text.split(/\r?\n/);
  /** @type {HTMLElement[]} */
  const blocks = [];
  const inlines = (/** @type {string} */ part) => inline(part, link);
  let at = 0;
  /** Lines from here on that belong together. @param {(line: string, index: number) => boolean} belongs */
  const take = (belongs) => {
    const from = at;
    while (at < lines.length && belongs(lines[at], at)) at++;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    const heading = HEADING.exec(line);
    if (line.trim() === "") {
      at++;
    } else if (FENCE.test(line)) {
      at++;
      const code = take((next) => !FENCE.test(next));
      at++;
      // It can be scrolled, so it can be reached with the keyboard.
      blocks.push(make("pre", { tabindex: "0" }, make("code", {}, code.join("\n"))));
    } else if (heading) {
      at++;
      const depth = Math.min(6, level + heading[1].length - 1);
      blocks.push(make(/** @type {"h2"} */ (`h${depth}`), {}, ...inlines(heading[2])));
    } else if (isTable(lines, at)) {
      blocks.push(table(take((next) => ROW.test(next)), inlines));
    } else if (ITEM.test(line)) {
      blocks.push(list(take((next) => ITEM.test(next) || /^ +\S/.test(next)), inlines));
    } else {
      const first = at;
      const starts = (/** @type {string} */ next) => FENCE.test(next) || HEADING.test(next) || ITEM.test(next);
      const paragraph = take((next, index) => index === first || !(next.trim() === "" || starts(next) || isTable(lines, index)));
      blocks.push(make("p", {}, ...inlines(paragraph.join(" "))));
    }
  }
  return blocks;
}

/** @param {string[]} lines @param {number} at */
function isTable(lines, at) {
  return ROW.test(lines[at]) && RULE.test(lines[at + 1] ?? "");
}

/**
 * @param {string[]} lines
 * @param {(text: string) => (Node | string)[]} inlines
 */
function table(lines, inlines) {
  const [head, rule, ...rows] = lines.map((line) => (ROW.exec(line)?.[1] ?? "").split("|").map((cell) => cell.trim()));
  const right = rule.map((cell) => cell.endsWith(":") && !cell.startsWith(":"));
  /** @param {"th" | "td"} tag @param {string} text @param {number} column @param {string} scope */
  const cell = (tag, text, column, scope) =>
    make(tag, { ...(tag === "th" && { scope }), ...(right[column] && { class: "number" }) }, ...inlines(text));
  const titled = head.some(Boolean);
  // Without titles each row is a name and what it is.
  const body = rows.map((cells) =>
    make("tr", {}, ...cells.map((text, column) => cell(column === 0 && text ? "th" : "td", text, column, "row"))),
  );
  const titles = make("thead", {}, make("tr", {}, ...head.map((text, column) => cell(text ? "th" : "td", text, column, "col"))));
  const whole = make("table", {}, ...(titled ? [titles] : []), make("tbody", {}, ...body));
  return make("div", { class: "table-scroll", tabindex: "0" }, whole);
}

/**
 * @param {string[]} lines
 * @param {(text: string) => (Node | string)[]} inlines
 */
function list(lines, inlines) {
  const ordered = ITEM.exec(lines[0])?.[1] !== undefined;
  /** @type {string[]} */
  const items = [];
  for (const line of lines) {
    const item = ITEM.exec(line);
    if (item) items.push(item[2]);
    else items.push(`${items.pop()} ${line.trim()}`);
  }
  return make(ordered ? "ol" : "ul", {}, ...items.map((item) => make("li", {}, ...inlines(item))));
}

/**
 * @param {string} text
 * @param {MakeLink} link
 * @returns {(Node | string)[]}
 */
function inline(text, link) {
  /** @type {(Node | string)[]} */
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    const [whole, code, strong, emphasis, label, address] = match;
    nodes.push(text.slice(end, match.index));
    end = match.index + whole.length;
    if (code !== undefined) nodes.push(make("code", {}, code));
    else if (strong !== undefined) nodes.push(make("strong", {}, ...inline(strong, link)));
    else if (emphasis !== undefined) nodes.push(make("em", {}, ...inline(emphasis, link)));
    else {
      const anchor = link(address);
      anchor?.append(...inline(label, () => null));
      nodes.push(anchor ?? label);
    }
  }
  nodes.push(text.slice(end));
  return nodes.filter((node) => node !== "");
}
