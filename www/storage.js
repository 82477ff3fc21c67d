/** What is kept on this device: which models, how large, and how to remove them. */

import { make } from "./dom.js";
import { language, languageRead, size } from "./format.js";
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

  /** @param {string} text */
  note(text) {
    this.#note.textContent = text;
  }

  /** @param {Direction[]} directions */
  show(directions) {
    // Two models in a row are no third one.
    const models = directions.filter(({ via }) => via === undefined);
    const stored = models.filter((direction) => direction.stored);
    const bytes = stored.reduce((sum, direction) => sum + direction.bytes, 0);
    this.#summary.textContent = stored.length ? `${size(bytes)}, ready offline` : "nothing stored yet";
    this.#list.replaceChildren(...models.map((direction) => this.#item(direction)));
  }

  /** @param {Direction} direction */
  #item(direction) {
    const name = `${languageRead(direction.sourceLanguage)} to ${language(direction.targetLanguage)}`;
    const label = direction.stored ? "Remove" : "Download";
    const button = make("button", { type: "button", class: "quiet" }, label, make("span", { class: "visually-hidden" }, ` ${name}`));
    button.addEventListener("click", () => void this.#act(button, direction, name));
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
  #cardOf({ card }, name) {
    if (card === undefined) return [];
    return [" · ", this.#card.link(card, name, "About this model", make("span", { class: "visually-hidden" }, `: ${name}`))];
  }

  /**
   * @param {HTMLButtonElement} button
   * @param {Direction} direction
   * @param {string} name
   */
  async #act(button, direction, name) {
    button.disabled = true;
    try {
      if (direction.stored) {
        await this.#remove(direction);
        const again = direction.added ? "Add it again when you need it." : "It is downloaded again when you next translate.";
        this.note(`Removed ${name}, ${size(direction.bytes)}. ${again}`);
      } else {
        this.note(`Downloading ${name}…`);
        await this.#download(direction);
        this.note(`${name} is ready.`);
      }
    } catch (error) {
      if (isNoSpace(error)) this.note(`There is no space to keep ${name}. Remove another model, or free some space on this device.`);
      else this.note(direction.stored ? `${name} could not be removed. Try again.` : `${name} could not be downloaded. Try again.`);
    } finally {
      button.disabled = false;
    }
  }
}

/** @param {Direction} direction */
function about({ bytes, stored, added, licence }) {
  return [size(bytes), added ? "added by you" : stored ? "stored" : "not stored", licence].filter(Boolean).join(" · ");
}
