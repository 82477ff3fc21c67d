/** Says so when the text seems to be in another language than the one that is translated from, and offers to change that. */

import { byId } from "./dom.js";
import { otherLanguage } from "./detect.js";
import { languageAlone, size } from "./format.js";
import { t } from "./locale.js";

/** @typedef {import("../pkg/index.js").Direction} Direction */
/** @typedef {import("./session.js").Pair} Pair */

export class LanguageOffer {
  #text = byId("offer-text", HTMLElement);
  #button = byId("offer-accept", HTMLButtonElement);
  /** What is offered. @type {Pair | null} */
  #pair = null;

  /** @param {(pair: Pair) => void} accept */
  constructor(accept) {
    this.#button.addEventListener("click", () => {
      if (this.#pair) accept(this.#pair);
    });
  }

  /** Whether something is offered. */
  get pending() {
    return this.#pair !== null;
  }

  /**
   * @param {string} text
   * @param {Pair} pair
   * @param {Direction[]} directions
   */
  update(text, pair, directions) {
    const found = otherLanguage(text, pair.source, directions.map(({ sourceLanguage }) => sourceLanguage));
    const ways = directions.filter(({ sourceLanguage }) => sourceLanguage === found);
    // What was translated into stays, unless the text is in it.
    const way = [pair.target, pair.source].map((tag) => ways.find(({ targetLanguage }) => targetLanguage === tag)).find(Boolean) ?? ways[0];
    this.#pair = way ? { source: way.sourceLanguage, target: way.targetLanguage } : null;
    this.#button.hidden = way === undefined;
    const name = way ? languageAlone(way.sourceLanguage) : "";
    const said = way ? t.languages.looksLike(name) : "";
    // A screen reader says it once, not at each letter.
    if (this.#text.textContent !== said) this.#text.textContent = said;
    if (way) this.#button.textContent = way.stored ? t.languages.accept(name) : t.languages.acceptDownloads(name, size(way.bytes));
  }
}
