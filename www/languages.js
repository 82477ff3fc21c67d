/** The languages above the panes, the button that swaps them, and sentences to begin with. */

import { byId, make } from "./dom.js";
import { examples } from "./examples.js";
import { language, languageRead, scriptTag, size } from "./format.js";
import { t } from "./locale.js";

/** @typedef {import("../pkg/index.js").Direction} Direction */
/** @typedef {import("./session.js").Pair} Pair */

export class Languages {
  #choose;
  #example;
  /** @type {Direction[]} */
  #directions = [];
  /** @type {Pair} */
  #pair = { source: "en", target: "zh" };
  #swap = byId("swap", HTMLButtonElement);
  #selects = {
    source: byId("source-choice", HTMLSelectElement),
    target: byId("target-choice", HTMLSelectElement),
  };

  /**
   * @param {object} handlers
   * @param {(pair: Pair) => void} handlers.choose
   * @param {() => void} handlers.swap
   * @param {(text: string) => void} handlers.example
   */
  constructor({ choose, swap, example }) {
    this.#choose = choose;
    this.#example = example;
    this.#swap.addEventListener("click", swap);
    this.#selects.source.addEventListener("change", () => this.#sourceChosen());
    this.#selects.target.addEventListener("change", () => {
      this.#choose({ source: this.#pair.source, target: this.#selects.target.value });
    });
  }

  /**
   * @param {Direction[]} directions none if they are not known yet
   * @param {Pair} pair
   */
  show(directions, pair) {
    this.#directions = directions;
    this.#pair = pair;
    const sources = [...new Set(directions.map(({ sourceLanguage }) => sourceLanguage))];
    this.#showChoice("source", sources, pair.source);
    this.#showChoice("target", this.#targets(pair.source), pair.target);
    const back = directions.find(({ sourceLanguage, targetLanguage }) => sourceLanguage === pair.target && targetLanguage === pair.source);
    this.#swap.hidden = back === undefined;
    const download = back?.stored === false ? size(back.bytes) : "";
    byId("swap-size", HTMLElement).textContent = download;
    this.#swap.title = download ? t.languages.swapDownloads(download) : t.languages.swap;
    this.#showExamples();
  }

  /** @param {string} from */
  #targets(from) {
    const targets = this.#directions.filter(({ sourceLanguage }) => sourceLanguage === from).map(({ targetLanguage }) => targetLanguage);
    return [...new Set(targets)];
  }

  #sourceChosen() {
    const source = this.#selects.source.value;
    const targets = this.#targets(source);
    this.#choose({ source, target: targets.includes(this.#pair.target) ? this.#pair.target : targets[0] });
  }

  /**
   * A heading where there is one language, a list to choose from where there are several.
   * @param {"source" | "target"} side
   * @param {string[]} tags
   * @param {string} chosen
   */
  #showChoice(side, tags, chosen) {
    const select = this.#selects[side];
    const heading = byId(`${side}-language`, HTMLElement);
    const name = side === "source" ? languageRead : language;
    heading.textContent = name(chosen);
    heading.classList.toggle("visually-hidden", tags.length > 1);
    if (select.parentElement) select.parentElement.hidden = tags.length < 2;
    select.replaceChildren(...tags.map((tag) => make("option", { value: tag }, name(tag))));
    select.value = chosen;
  }

  #showExamples() {
    const { source, target } = this.#pair;
    const list = byId("examples", HTMLElement);
    if (list.lang !== scriptTag(source)) {
      list.lang = scriptTag(source);
      list.replaceChildren(
        ...examples(source).map((text) => {
          const button = make("button", { type: "button" }, text);
          button.addEventListener("click", () => this.#example(text));
          return make("li", {}, button);
        }),
      );
    }
    const direction = this.#directions.find(({ sourceLanguage, targetLanguage }) => sourceLanguage === source && targetLanguage === target);
    const missing = direction?.stored === false;
    const first = missing ? t.target.firstDownloads(size(direction.bytes)) : "";
    const offer = list.childElementCount === 0 ? "" : missing ? t.target.tryOneShort : t.target.tryOne;
    byId("empty-hint", HTMLElement).textContent = [offer, first].filter(Boolean).join(t.gap);
  }
}
