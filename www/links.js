/**
 * Word links in the two panes: pointing at a word, or moving to it with the keyboard, lights up the words that the attention
 * links it to.
 *
 * The words of the translation are elements of the output. Those of the source are elements of a mirror that lies, with the
 * same text and metrics but without colour, under the text area; what is pointed at there is found through the text area.
 */

import { linked } from "./alignment.js";
import { make } from "./dom.js";
import { percent } from "./format.js";
import { onLanguage, t } from "./locale.js";

/** @typedef {import("./alignment.js").WordLinks} WordLinks */
/** @typedef {import("./alignment.js").TextRange} TextRange */
/** @typedef {{ side: "source" | "target", sentence: number, word: number }} Place */

export class Links {
  #mirror;
  #output;
  #editor;
  #caption;
  #sourceText = "";
  #targetText = "";
  /** @type {(WordLinks | null)[]} */
  #links = [];
  /** @type {{ source: HTMLElement[][], target: HTMLElement[][] }} */
  #elements = { source: [], target: [] };
  /** @type {WeakMap<Element, Place>} */
  #places = new WeakMap();
  /** @type {HTMLElement[]} */
  #order = [];
  /** @type {HTMLElement[]} */
  #lit = [];
  /** @type {Place | null} */
  #pinned = null;

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.mirror
   * @param {HTMLElement} parts.output
   * @param {HTMLTextAreaElement} parts.editor
   * @param {HTMLElement} parts.caption
   */
  constructor({ mirror, output, editor, caption }) {
    this.#mirror = mirror;
    this.#output = output;
    this.#editor = editor;
    this.#caption = caption;

    output.addEventListener("pointerover", (event) => this.#point(event.target));
    output.addEventListener("pointerleave", () => this.#rest());
    output.addEventListener("focusin", (event) => this.#point(event.target));
    output.addEventListener("focusout", () => this.#rest());
    output.addEventListener("click", (event) => this.#pin(event.target));
    output.addEventListener("keydown", (event) => this.#key(event));
    editor.addEventListener("pointermove", ({ clientX, clientY }) => {
      if (this.active) this.#point(document.elementsFromPoint(clientX, clientY).find((element) => this.#places.has(element)));
    });
    editor.addEventListener("pointerleave", () => this.#rest());
    onLanguage(() => {
      if (this.active) this.#rest();
      else if (this.#links.length > 0) this.#caption.textContent = this.#hint();
    });
    document.addEventListener("selectionchange", () => {
      if (this.active && document.activeElement === editor) this.#caret();
    });
  }

  get active() {
    return this.#order.length > 0;
  }

  /**
   * @param {string} source
   * @param {string} target
   * @param {(WordLinks | null)[]} links one for each sentence, in order
   * @returns {Node[]} the output's new content
   */
  show(source, target, links) {
    this.#sourceText = source;
    this.#targetText = target;
    this.#links = links;
    this.#lit = [];
    this.#pinned = null;
    this.#order = [];
    this.#mirror.replaceChildren(...this.#wrap("source", source), "\n");
    const nodes = this.#wrap("target", target);
    this.#order = this.#elements.target.flat();
    if (this.#order[0]) this.#order[0].tabIndex = 0;
    this.#caption.textContent = this.#hint();
    return nodes;
  }

  clear() {
    this.#links = [];
    this.#order = [];
    this.#lit = [];
    this.#pinned = null;
    this.#elements = { source: [], target: [] };
    this.#caption.textContent = "";
  }

  #hint() {
    return this.active ? t.links.hint : t.links.none;
  }

  /** Lets go of a pinned word. Returns whether there was one. */
  unpin() {
    if (!this.#pinned) return false;
    this.#element(this.#pinned)?.setAttribute("aria-pressed", "false");
    this.#pinned = null;
    this.#rest();
    return true;
  }

  /**
   * @param {"source" | "target"} side
   * @param {string} text
   * @returns {(Node | string)[]}
   */
  #nodes(side, text) {
    const nodes = [];
    let position = 0;
    /** @type {HTMLElement[][]} */
    const elements = [];
    this.#links.forEach((links, sentence) => {
      elements[sentence] = [];
      links?.[side].forEach(({ start, end }, word) => {
        if (start < position) return;
        if (start > position) nodes.push(text.slice(position, start));
        const element = make("span", { class: "word" }, text.slice(start, end));
        if (side === "target") {
          element.setAttribute("role", "button");
          element.setAttribute("aria-pressed", "false");
          element.setAttribute("aria-describedby", "caption");
          element.tabIndex = -1;
        }
        this.#places.set(element, { side, sentence, word });
        elements[sentence][word] = element;
        nodes.push(element);
        position = end;
      });
    });
    nodes.push(text.slice(position));
    this.#elements[side] = elements;
    return nodes;
  }

  /**
   * @param {"source" | "target"} side
   * @param {string} text
   * @returns {Node[]}
   */
  #wrap(side, text) {
    return this.#nodes(side, text).map((node) => (typeof node === "string" ? document.createTextNode(node) : node));
  }

  /** @param {Place} place */
  #element({ side, sentence, word }) {
    return this.#elements[side][sentence]?.[word];
  }

  /** @param {EventTarget | null | undefined} target */
  #point(target) {
    const place = target instanceof Element ? this.#places.get(target) : undefined;
    if (place) this.#light(place);
    else this.#rest();
  }

  /** @param {EventTarget | null} target */
  #pin(target) {
    const place = target instanceof Element ? this.#places.get(target) : undefined;
    if (!place) return;
    const same = this.#pinned && this.#element(this.#pinned) === target;
    this.unpin();
    if (same) return;
    this.#pinned = place;
    this.#element(place)?.setAttribute("aria-pressed", "true");
    this.#light(place);
  }

  #rest() {
    if (this.#pinned) this.#light(this.#pinned);
    else {
      this.#dim();
      this.#caption.textContent = this.active ? this.#hint() : "";
    }
  }

  #dim() {
    for (const element of this.#lit) {
      element.classList.remove("lit", "chosen");
      element.style.removeProperty("--weight");
    }
    this.#lit = [];
  }

  /** @param {Place} place */
  #light(place) {
    const links = this.#links[place.sentence];
    const chosen = this.#element(place);
    if (!links || !chosen) return;
    this.#dim();
    chosen.classList.add("chosen");
    this.#lit.push(chosen);
    const side = place.side === "source" ? "target" : "source";
    const found = linked(links, place.side, place.word);
    for (const { word, weight } of found) {
      const element = this.#elements[side][place.sentence][word];
      element?.classList.add("lit");
      element?.style.setProperty("--weight", weight.toFixed(3));
      if (element) this.#lit.push(element);
    }
    this.#describe(place, found.slice(0, 5));
  }

  /**
   * @param {Place} place
   * @param {{ word: number, weight: number }[]} found
   */
  #describe({ side, sentence, word }, found) {
    const links = /** @type {WordLinks} */ (this.#links[sentence]);
    const other = side === "source" ? "target" : "source";
    const texts = { source: this.#sourceText, target: this.#targetText };
    const languages = { source: this.#editor.lang, target: this.#output.lang };
    /** @param {"source" | "target"} which @param {TextRange} range */
    const quote = (which, { start, end }) => make("b", { lang: languages[which] }, texts[which].slice(start, end));
    const parts = found.flatMap(({ word: linkedWord, weight }, index) => [
      index === 0 ? "" : t.links.comma,
      quote(other, links[other][linkedWord]),
      ` ${percent(weight)}`,
    ]);
    this.#caption.replaceChildren(
      quote(side, links[side][word]),
      parts.length ? (side === "target" ? t.links.comesFrom : t.links.wentInto) : side === "target" ? t.links.comesFromNone : t.links.wentIntoNone,
      ...parts,
    );
  }

  #caret() {
    const position = this.#editor.selectionStart;
    for (let sentence = 0; sentence < this.#links.length; sentence++) {
      const word = this.#links[sentence]?.source.findIndex(({ start, end }) => start <= position && position <= end) ?? -1;
      if (word >= 0) {
        this.#light({ side: "source", sentence, word });
        return;
      }
    }
    this.#rest();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    const element = event.target instanceof HTMLElement ? event.target : null;
    const place = element && this.#places.get(element);
    if (!element || !place || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = this.#order.indexOf(element);
    const last = this.#order.length - 1;
    /** @type {Record<string, number>} */
    const moves = { ArrowLeft: index - 1, ArrowUp: index - 1, ArrowRight: index + 1, ArrowDown: index + 1, Home: 0, End: last };
    if (event.key in moves) {
      const next = this.#order[Math.max(0, Math.min(last, moves[event.key]))];
      element.tabIndex = -1;
      next.tabIndex = 0;
      next.focus();
    } else if (event.key === "Enter" || event.key === " ") {
      this.#pin(element);
    } else return;
    event.preventDefault();
  }
}
