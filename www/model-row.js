/** One model in the list of those on this device: what is known of it, and the button that downloads it, stops that, or removes it. */

import { make, rest, resting } from "./dom.js";
import { modelName, size } from "./format.js";
import { t } from "./locale.js";

/** @typedef {import("../pkg/index.js").Direction} Direction */

/**
 * @typedef {object} Actions
 * @property {(row: ModelRow) => Promise<void>} remove
 * @property {(row: ModelRow, signal: AbortSignal, onprogress: (loaded: number) => void) => Promise<void>} download
 * @property {import("./model-card.js").ModelCard} card
 */

export class ModelRow {
  #name = make("span", { class: "model-name" });
  #about = make("span", { class: "muted" });
  #bar = make("progress", { class: "add-bar", max: "1" });
  #actions;
  /** What `#about` shows: what has the focus in it is not made anew. */
  #shown = "";
  /** Stops the download in progress. @type {AbortController | null} */
  #stop = null;
  button = make("button", { type: "button", class: "quiet" });
  element = make("li", {}, this.#name, this.#about, this.button, this.#bar);
  /** @type {Direction} */
  direction;
  /** Whether another model translates the same. */
  #shared = false;
  /** Whether it is the one that is used. */
  #used = false;

  /** @param {Direction} direction @param {Actions} actions */
  constructor(direction, actions) {
    this.direction = direction;
    this.#actions = actions;
    this.#bar.hidden = true;
    this.button.addEventListener("click", () => void this.#act());
  }

  /** Its name; where others have the same, also whose it is. */
  get name() {
    const name = modelName(this.direction);
    if (!this.#shared) return name;
    return (this.direction.added ? t.storage.ofUser : t.storage.ofSite)(name);
  }

  get #owner() {
    return this.direction.added ? t.storage.addedByYou : t.storage.fromSite;
  }

  /**
   * @param {Direction} direction
   * @param {{ shared: boolean, used: boolean }} place among those that translate the same
   */
  show(direction, { shared, used }) {
    this.direction = direction;
    this.#shared = shared;
    this.#used = used;
    this.#draw();
  }

  #draw() {
    const { stored, added, bytes, licence, card } = this.direction;
    const kept = added ? "" : stored ? t.storage.stored : t.storage.notStored;
    const owner = added || this.#shared ? this.#owner : "";
    const about = [size(bytes), owner, kept, this.#shared && this.#used ? t.storage.used : "", licence].filter(Boolean).join(" · ");
    this.#name.textContent = modelName(this.direction);
    const shown = [about, this.name, card, t.tag].join();
    if (shown !== this.#shown) {
      const name = make("span", { class: "visually-hidden" }, `: ${this.name}`);
      const link = card === undefined ? [] : [" · ", this.#actions.card.link(card, () => modelName(this.direction), t.card.open, name)];
      this.#about.replaceChildren(about, ...link);
      this.#shown = shown;
    }
    const label = this.#stop ? t.storage.stop : stored ? t.storage.remove : t.storage.download;
    this.button.replaceChildren(label, make("span", { class: "visually-hidden" }, ` ${this.name}`));
    this.#bar.hidden = this.#stop === null;
    this.#bar.setAttribute("aria-label", `${t.add.progress}: ${this.name}`);
  }

  async #act() {
    if (resting(this.button)) return;
    if (this.#stop) return this.#stop.abort();
    if (this.direction.stored) {
      rest(this.button, true);
      await this.#actions.remove(this);
      rest(this.button, false);
      return;
    }
    this.#stop = new AbortController();
    this.#bar.value = 0;
    this.#draw();
    await this.#actions.download(this, this.#stop.signal, (loaded) => (this.#bar.value = loaded));
    this.#stop = null;
    this.#draw();
  }
}
