/** What is kept on this device: which models, how large, and how to remove them. */

import { byId } from "./dom.js";
import { modelName, size } from "./format.js";
import { say, t } from "./locale.js";
import { ModelCard } from "./model-card.js";
import { ModelRow } from "./model-row.js";
import { isNoSpace } from "./problems.js";

/** @typedef {import("../pkg/index.js").Direction} Direction */

export class StoragePanel {
  #list = byId("models", HTMLElement);
  #summary = byId("storage-summary", HTMLElement);
  #note = byId("storage-note", HTMLElement);
  #remove;
  #download;
  #card = new ModelCard();
  /** By the names of their models, so that a button that has the focus stays. @type {Map<string, ModelRow>} */
  #rows = new Map();

  /**
   * @param {object} parts
   * @param {(direction: Direction) => Promise<void>} parts.remove
   * @param {(direction: Direction, signal: AbortSignal, onprogress: (loaded: number) => void) => Promise<void>} parts.download
   */
  constructor({ remove, download }) {
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

    const before = [...this.#rows.values()];
    const names = models.map(modelName);
    const rows = models.map((direction, i) => {
      const row = this.#rows.get(direction.id ?? "") ?? this.#row(direction);
      const first = names.indexOf(names[i]);
      row.show(direction, { shared: first !== names.lastIndexOf(names[i]), used: first === i });
      return row;
    });
    this.#rows = new Map(rows.map((row) => [row.direction.id ?? "", row]));
    const lost = before.findIndex((row) => !rows.includes(row) && row.element.contains(document.activeElement));
    for (const row of before) if (!rows.includes(row)) row.element.remove();
    // What has the focus must not be moved, which would take it away.
    rows.forEach(({ element }, i) => {
      if (this.#list.children[i] !== element) this.#list.insertBefore(element, this.#list.children[i] ?? null);
    });
    if (lost >= 0) (rows[Math.min(lost, rows.length - 1)]?.button ?? this.#summary.closest("summary"))?.focus();
  }

  /** @param {Direction} direction */
  #row(direction) {
    return new ModelRow(direction, {
      card: this.#card,
      remove: async (row) => {
        const { direction: model } = row;
        const { added, bytes } = model;
        try {
          await this.#remove(model);
          this.note(() => (added ? t.storage.removedAdded : t.storage.removed)(modelName(model), size(bytes)));
        } catch {
          this.note(() => t.storage.notRemoved(row.name));
        }
      },
      download: async (row, signal, onprogress) => {
        const name = () => row.name;
        this.note(() => t.storage.downloading(name()));
        try {
          await this.#download(row.direction, signal, onprogress);
          this.note(() => t.storage.isReady(name()));
        } catch (error) {
          if (signal.aborted) this.note(() => t.storage.stopped);
          else if (isNoSpace(error)) this.note(() => t.storage.noSpace(name()));
          else this.note(() => t.storage.notDownloaded(name()));
        }
      },
    });
  }
}
