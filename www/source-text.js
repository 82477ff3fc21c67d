/** The text to translate: the area it is typed into, the mirror that lies under it, its length, and the draft that is kept of it. */

import { byId } from "./dom.js";
import * as draft from "./draft.js";
import { hush, say, t } from "./locale.js";
import { LONGEST_LINKED } from "./session.js";

/** The first letter decides, as with `dir="auto"`, under which Chromium takes seconds to lay out a megabyte. */
const RIGHT_TO_LEFT = /^\P{L}*[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

export class SourceText {
  area = byId("source", HTMLTextAreaElement);
  editor = byId("editor", HTMLElement);
  #card = byId("panes", HTMLElement);
  #body = byId("body", HTMLElement);
  mirror = byId("mirror", HTMLElement);
  #count = byId("count", HTMLElement);
  #clear = byId("clear", HTMLButtonElement);
  #changed;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #saving;

  /**
   * @param {object} handlers
   * @param {() => void} handlers.changed the text is another one, or is to be looked at again
   * @param {() => void} handlers.typed somebody changed it by hand
   */
  constructor({ changed, typed }) {
    this.#changed = changed;
    this.area.addEventListener("input", (event) => {
      typed();
      // What an input method composes is no text yet.
      if (/** @type {InputEvent} */ (event).isComposing) this.reflect();
      else this.update();
    });
    this.area.addEventListener("compositionend", () => this.update());
    addEventListener("pagehide", () => this.save());
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "hidden") this.save();
    });
  }

  get value() {
    return this.area.value;
  }

  /** @param {string} text */
  replace(text) {
    this.area.value = text;
    this.update();
    this.save();
  }

  /** Takes up the text that a reload left in the area, or else the draft. */
  restore() {
    this.area.value ||= draft.load();
    if (this.value) this.update();
    else this.reflect();
  }

  /** Back to the text, so that the keyboard goes on from there; not on a touch screen, where its keyboard would cover the result. */
  focus() {
    if (matchMedia("(pointer: fine)").matches) this.area.focus();
  }

  /** @param {string} tag */
  setLanguage(tag) {
    this.area.lang = this.mirror.lang = tag;
  }

  /** Puts the text under the area, where word links may have stood. */
  reflect() {
    this.area.dir = this.mirror.dir = RIGHT_TO_LEFT.test(this.value.slice(0, 1_000)) ? "rtl" : "ltr";
    const long = this.value.length > LONGEST_LINKED;
    this.#card.classList.toggle("long", long);
    // What scrolls by itself must be within the keyboard's reach.
    if (long) this.#body.tabIndex = 0;
    else this.#body.removeAttribute("tabindex");
    // A line break at the very end has no height of its own.
    this.mirror.textContent = long ? "" : `${this.value}\n`;
  }

  /** Shows what depends on the text, and says that it changed. */
  update() {
    this.reflect();
    const { length } = this.value;
    if (length) say(this.#count, () => t.units.characters(length));
    else hush(this.#count);
    this.#clear.hidden = length === 0;
    clearTimeout(this.#saving);
    this.#saving = setTimeout(() => this.save(), 250);
    this.#changed();
  }

  save() {
    clearTimeout(this.#saving);
    draft.save(this.value);
  }
}
