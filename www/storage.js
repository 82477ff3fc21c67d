/** What is kept on this device: which models, how large, and how to remove them. */

import { make } from "./dom.js";
import { modelName, size } from "./format.js";
import { say, t } from "./locale.js";
import { ModelCard } from "./model-card.js";
import { isNoSpace } from "./problems.js";

/** @typedef {import("../pkg/index.js").Direction} Direction */

export class StoragePanel {
  #list;
  #summary;
  #note;
  #remove;
  #download;
  #card = new ModelCard();

  /**
   * @param {object} parts
   * @param {HTMLElement} parts.list
   * @param {HTMLElement} parts.summary
   * @param {HTMLElement} parts.note
   * @param {(direction: Direction) => Promise<void>} parts.remove
   * @param {(direction: Direction) => Promise<void>} parts.download
   */
  constructor({ list, summary, note, remove, download }) {
    this.#list = list;
    this.#summary = summary;
    this.#note = note;
    this.#remove = remove;
    this.#download = download;
  }

  /** @param {import("./locale.js").Telling} text */
  note(text) {
    say(this.#note, text);
  }

  /** @param {Direction[]} directions */
  show(directions) {
    // Two models in a row are no third one.
    const models = directions.filter(({ via }) => via === undefined);
    const stored = models.filter((direction) => direction.stored);
    const bytes = stored.reduce((sum, direction) => sum + direction.bytes, 0);
    say(this.#summary, () => (stored.length ? t.storage.ready(size(bytes)) : t.storage.nothing));
    this.#list.replaceChildren(...models.map((direction) => this.#item(direction)));
  }

  /** @param {Direction} direction */
  #item(direction) {
    const name = modelName(direction);
    const label = direction.stored ? t.storage.remove : t.storage.download;
    const button = make("button", { type: "button", class: "quiet" }, label, make("span", { class: "visually-hidden" }, ` ${name}`));
    button.addEventListener("click", () => void this.#act(button, direction));
    return make(
      "li",
      {},
      make("span", { class: "model-name" }, name),
      make("span", { class: "muted" }, about(direction), ...this.#cardOf(direction, name)),
      button,
    );
  }

  /**
   * @param {Direction} direction
   * @param {string} name
   */
  #cardOf(direction, name) {
    const { card } = direction;
    if (card === undefined) return [];
    return [" · ", this.#card.link(card, () => modelName(direction), t.card.open, make("span", { class: "visually-hidden" }, `: ${name}`))];
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {Direction} direction
   */
  async #act(button, direction) {
    const name = () => modelName(direction);
    const { stored, added, bytes } = direction;
    button.disabled = true;
    try {
      if (stored) {
        await this.#remove(direction);
        this.note(() => (added ? t.storage.removedAdded : t.storage.removed)(name(), size(bytes)));
      } else {
        this.note(() => t.storage.downloading(name()));
        await this.#download(direction);
        this.note(() => t.storage.isReady(name()));
      }
    } catch (error) {
      if (isNoSpace(error)) this.note(() => t.storage.noSpace(name()));
      else this.note(() => (stored ? t.storage.notRemoved : t.storage.notDownloaded)(name()));
    } finally {
      button.disabled = false;
    }
  }
}

/** @param {Direction} direction */
function about({ bytes, stored, added, licence }) {
  return [size(bytes), added ? t.storage.addedByYou : stored ? t.storage.stored : t.storage.notStored, licence].filter(Boolean).join(" · ");
}
