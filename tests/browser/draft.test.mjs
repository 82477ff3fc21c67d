import assert from "node:assert/strict";
import { test } from "node:test";

import * as draft from "../../www/draft.js";

/** A browser's storage with room for so many characters. */
class Box {
  #room;
  /** @type {Map<string, string>} */
  #items = new Map();

  /** @param {number} room */
  constructor(room) {
    this.#room = room;
  }

  /** @param {string} key */
  getItem(key) {
    return this.#items.get(key) ?? null;
  }

  /** @param {string} key @param {string} value */
  setItem(key, value) {
    if (value.length > this.#room) throw new DOMException("full", "QuotaExceededError");
    this.#items.set(key, value);
  }

  /** @param {string} key */
  removeItem(key) {
    this.#items.delete(key);
  }
}

/**
 * Gives `draft.js` a browser with storages of a size.
 * @param {number} tab room in the tab's storage
 * @param {number} site room in the site's
 */
function browser(tab, site) {
  const history = { state: null, replaceState: (/** @type {any} */ state) => void (history.state = state) };
  const given = { sessionStorage: new Box(tab), localStorage: new Box(site), history };
  for (const [name, value] of Object.entries(given)) Object.defineProperty(globalThis, name, { value, configurable: true });
  return given;
}

const LONG = "A text for which there is no room.";

test("a text that fits nowhere does not let an older one come back", () => {
  browser(10, 10);
  draft.save("Older.");
  assert.equal(draft.load(), "Older.");
  draft.save(LONG);
  assert.equal(draft.load(), LONG);
  draft.save("Newer.");
  assert.equal(draft.load(), "Newer.");
  draft.save("");
  assert.equal(draft.load(), "");
});

test("nor does one that fits into one storage only", () => {
  for (const [tab, site] of [
    [10, 100],
    [100, 10],
  ]) {
    const { sessionStorage, localStorage } = browser(tab, site);
    draft.save("Older.");
    draft.save(LONG);
    assert.equal(draft.load(), LONG);
    assert.deepEqual([sessionStorage.getItem("dragoman.text"), localStorage.getItem("dragoman.text")].filter((text) => text === "Older."), []);
  }
});
