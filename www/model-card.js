/** The model card: what a model was made of, how good it is and what may be done with it, in a dialog over the page. */

import { byId, make } from "./dom.js";
import { hush, say, t } from "./locale.js";
import { markdown } from "./markdown.js";

/** Longest card that is shown, in characters. */
const LIMIT = 200_000;

export class ModelCard {
  #dialog = byId("card", HTMLDialogElement);
  #title = byId("card-title", HTMLElement);
  #note = byId("card-note", HTMLElement);
  #text = byId("card-text", HTMLElement);
  /** Which card was asked for last. */
  #address = "";

  constructor() {
    say(byId("card-language", HTMLElement), () => t.card.inEnglish);
    byId("card-close", HTMLButtonElement).addEventListener("click", () => this.#dialog.close());
    this.#dialog.addEventListener("click", (event) => {
      // What lies around the dialog counts as the dialog itself.
      if (event.target === this.#dialog) this.#dialog.close();
    });
    this.#dialog.addEventListener("keydown", (event) => {
      // Closes the dialog, and does not stop a translation as well.
      if (event.key === "Escape") event.stopPropagation();
    });
  }

  /**
   * A link that opens a card.
   * @param {string} address
   * @param {import("./locale.js").Telling} name of its model
   * @param {...(Node | string)} label
   */
  link(address, name, ...label) {
    const anchor = make("a", { href: address }, ...label);
    anchor.addEventListener("click", (event) => {
      // As text, in a tab of its own, where that is asked for.
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      void this.open(address, name);
    });
    return anchor;
  }

  /**
   * @param {string} address
   * @param {import("./locale.js").Telling} name
   */
  async open(address, name) {
    this.#address = address;
    say(this.#title, name);
    this.#tell(() => t.card.getting);
    if (!this.#dialog.open) this.#dialog.showModal();
    try {
      const response = await fetch(address);
      if (!response.ok) throw new Error(`status ${response.status}`);
      const blocks = markdown((await response.text()).slice(0, LIMIT), { level: 3, link: (to) => this.#linkFrom(address, to) });
      if (this.#address !== address) return;
      hush(this.#note);
      this.#text.replaceChildren(...blocks);
      this.#text.scrollTop = 0;
    } catch {
      if (this.#address === address) this.#tell(() => t.card.failed);
    }
  }

  /** Shows a message in place of the card. @param {import("./locale.js").Telling} message */
  #tell(message) {
    this.#text.replaceChildren();
    say(this.#note, message);
  }

  /**
   * A link in a card: to another card, which opens here, or to another site.
   * @param {string} card address of the card
   * @param {string} to
   */
  #linkFrom(card, to) {
    /** @type {URL} */
    let url;
    try {
      url = new URL(to, card);
    } catch {
      return null;
    }
    if (url.origin === location.origin) {
      const [, name] = /([^/]+)\.md$/.exec(url.pathname) ?? [];
      return name ? this.link(url.href, () => name) : null;
    }
    if (url.protocol !== "https:" && url.protocol !== "http:") return null;
    return make("a", { href: url.href, target: "_blank", rel: "noopener noreferrer" });
  }
}
