/** Attention as tables: one for each sentence, built when it is opened. */

import { make } from "./dom.js";
import { percent } from "./format.js";
import { onLanguage, t } from "./locale.js";

/** @typedef {import("./alignment.js").WordLinks} WordLinks */

const PER_PAGE = 20;

export class HeatMaps {
  #list;
  #more;
  /** @type {(() => HTMLElement)[]} */
  #pending = [];

  /**
   * @param {HTMLElement} list
   * @param {HTMLButtonElement} more
   */
  constructor(list, more) {
    this.#list = list;
    this.#more = more;
    more.addEventListener("click", () => this.#page());
    onLanguage(() => {
      for (const table of list.querySelectorAll(".map-scroll")) table.setAttribute("aria-label", t.links.table);
    });
  }

  /**
   * @param {string} source
   * @param {string} target
   * @param {(WordLinks | null)[]} links
   * @param {{ source: string, target: string }} languages `lang` attributes
   */
  show(source, target, links, languages) {
    this.#list.replaceChildren();
    const shown = links.filter((entry) => entry !== null);
    this.#pending = shown.map((entry, index) => () => sentence(source, target, entry, languages, index === 0));
    this.#page();
  }

  get empty() {
    return this.#list.childElementCount === 0;
  }

  clear() {
    this.#pending = [];
    this.#list.replaceChildren();
    this.#more.hidden = true;
  }

  #page() {
    this.#list.append(...this.#pending.splice(0, PER_PAGE).map((build) => build()));
    this.#more.hidden = this.#pending.length === 0;
  }
}

/**
 * @param {string} source
 * @param {string} target
 * @param {WordLinks} links
 * @param {{ source: string, target: string }} languages
 * @param {boolean} open
 */
function sentence(source, target, links, languages, open) {
  /** @param {string} text @param {import("./alignment.js").TextRange[]} words */
  const whole = (text, words) => text.slice(words[0].start, words[words.length - 1].end);
  const summary = make(
    "summary",
    {},
    make("span", { lang: languages.source, class: "summary-source" }, whole(source, links.source)),
    " ",
    make("span", { lang: languages.target, class: "summary-target" }, whole(target, links.target)),
  );
  const details = make("details", { class: "panel map" }, summary);
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(table(source, target, links, languages));
  });
  details.open = open;
  return details;
}

/**
 * @param {string} source
 * @param {string} target
 * @param {WordLinks} links
 * @param {{ source: string, target: string }} languages
 */
function table(source, target, links, languages) {
  /** @param {string} text @param {import("./alignment.js").TextRange} range */
  const word = (text, { start, end }) => text.slice(start, end);
  const head = make("tr", {}, make("td"));
  for (const range of links.source) {
    head.append(make("th", { scope: "col", lang: languages.source }, make("span", {}, word(source, range))));
  }
  const body = make("tbody");
  const columns = links.source.length;
  links.target.forEach((range, row) => {
    const line = make("tr", {}, make("th", { scope: "row", lang: languages.target }, word(target, range)));
    links.source.forEach((from, column) => {
      const weight = links.weights[row * columns + column];
      const cell = make(
        "td",
        { title: `${word(target, range)} ← ${word(source, from)}: ${percent(weight)}` },
        make("span", { class: "visually-hidden" }, percent(weight)),
      );
      cell.style.setProperty("--weight", weight.toFixed(3));
      line.append(cell);
    });
    body.append(line);
  });
  return make(
    "div",
    { class: "map-scroll", tabindex: "0", role: "region", "aria-label": t.links.table },
    make("table", { class: "heat" }, make("thead", {}, head), body),
  );
}
