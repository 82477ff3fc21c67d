/** The translated text as lines, without word links. Grows at its end while a translation is in progress. */

import { make } from "./dom.js";

/** Longer texts are laid out only where they are in view. */
const LONG = 10_000;

export class Output {
  #element;
  #text = "";
  /** Whether the element shows `#text`; word links may have taken its place. */
  #current = true;
  /** Partial texts are shown at most this often: laying out a long text takes longer than translating a sentence. */
  #next = 0;

  /** @param {HTMLElement} element */
  constructor(element) {
    this.#element = element;
  }

  get text() {
    return this.#text;
  }

  /**
   * A beginning of the translation. Where the text shown already begins like that, it stays, so that typing at the end of
   * a long text does not make the translation shrink and grow again.
   * @param {string} text
   */
  showPart(text) {
    if (!text || this.#text.startsWith(text)) return;
    const now = performance.now();
    if (now < this.#next) return;
    this.show(text);
    this.#next = performance.now() + Math.min(2_000, 50 + text.length / 100);
  }

  /** @param {string} text */
  show(text) {
    if (this.#current && text === this.#text) return;
    const lines = text.split("\n");
    let kept = 0;
    if (this.#current && this.#text && text.startsWith(this.#text)) {
      kept = this.#text.split("\n").length - 1;
    }
    while (this.#element.childNodes.length > kept) this.#element.lastChild?.remove();
    const fragment = document.createDocumentFragment();
    for (const line of lines.slice(kept)) fragment.append(make("div", { class: "line" }, line || document.createElement("br")));
    this.#element.append(fragment);
    this.#element.classList.toggle("long", text.length > LONG);
    this.#text = text;
    this.#current = true;
  }

  /** Shows the text without word links. */
  showPlain() {
    this.show(this.#text);
  }

  /**
   * Shows nodes that together read as `text`.
   * @param {string} text
   * @param {Node[]} nodes
   */
  replace(text, nodes) {
    this.#element.replaceChildren(...nodes);
    this.#text = text;
    this.#current = false;
  }
}
