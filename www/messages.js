/** What the page says beside the translation: to screen readers, and to everybody in a toast that may offer to undo. */

import { byId } from "./dom.js";
import { onLanguage, say } from "./locale.js";

/** How long a message stays that offers nothing, in milliseconds. */
const LASTING = 20_000;

const announcement = byId("announce", HTMLElement);
/** @type {ReturnType<typeof setTimeout> | undefined} */
let announcing;

/**
 * Tells screen readers, when things have settled.
 * @param {...(string | Node)} parts
 */
export function announce(...parts) {
  clearTimeout(announcing);
  announcing = setTimeout(() => announcement.replaceChildren(...parts), 700);
}

// It was heard already, and is not worth hearing again in another language.
onLanguage(() => announcement.replaceChildren());

export class Toast {
  #box = byId("toast", HTMLElement);
  #text = byId("toast-text", HTMLElement);
  #button = byId("toast-undo", HTMLButtonElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {(() => void) | null} */
  #undo = null;

  /** @param {() => void} left called when one of its buttons was pressed, after what it does */
  constructor(left) {
    this.#button.addEventListener("click", () => {
      this.hide();
      this.#undo?.();
      left();
    });
    byId("toast-close", HTMLButtonElement).addEventListener("click", () => {
      this.hide();
      left();
    });
  }

  /**
   * @param {import("./locale.js").Telling} text
   * @param {(() => void) | null} undo what Undo does
   */
  show(text, undo) {
    say(this.#text, text);
    this.#button.hidden = undo === null;
    this.#undo = undo;
    this.#box.hidden = false;
    clearTimeout(this.#timer);
    if (undo === null) this.#timer = setTimeout(() => this.#expire(), LASTING);
  }

  /** Goes, unless somebody is at it. */
  #expire() {
    if (this.#box.matches(":hover, :focus-within")) this.#timer = setTimeout(() => this.#expire(), LASTING);
    else this.hide();
  }

  hide() {
    clearTimeout(this.#timer);
    this.#box.hidden = true;
  }
}
