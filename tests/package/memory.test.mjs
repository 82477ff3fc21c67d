/** What a model costs of the WebAssembly's memory, which grows but never gets smaller. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { randomModel, SHAPES } from "../../tools/marian/random.mjs";
import { piecesIn, vocabularyOf } from "../../tools/marian/vocabulary.mjs";
import { entry, manifestPath, root, weights } from "./support.mjs";

const module = await WebAssembly.compile(await readFile(join(root, "pkg", "wasm", "dragoman_bg.wasm")));

/**
 * Loads a model into a fresh engine.
 * @param {number} round so that bindings are instantiated anew
 * @param {(bindings: typeof import("../../pkg/wasm/dragoman.js")) => unknown} load
 * @returns {Promise<number>} bytes
 */
async function taken(round, load) {
  /** @type {typeof import("../../pkg/wasm/dragoman.js")} */
  const bindings = await import(`../../pkg/wasm/dragoman.js?${round}`);
  const { memory } = bindings.initSync({ module });
  load(bindings);
  return memory.buffer.byteLength;
}

test("a file does not lie there as a whole beside its weights", async (t) => {
  const sourceVocabulary = await vocabularyOf(join(manifestPath, "..", entry.file));
  const { model, shortlist } = randomModel(SHAPES.tiny, piecesIn(sourceVocabulary));
  const own = await taken(1, ({ Engine }) => new Engine(weights));
  const marian = await taken(2, ({ Engine }) => Engine.fromMarian(model, sourceVocabulary, undefined, shortlist, "en", "de"));
  for (const [name, bytes, file] of /** @type {const} */ ([["bundled", own, weights], ["tiny", marian, model]])) {
    t.diagnostic(`${name}: ${(bytes / 1e6).toFixed(1)} MB for a file of ${(file.length / 1e6).toFixed(1)} MB`);
    // The weights twice while they are arranged would be more.
    assert.ok(bytes < 1.9 * file.length, name);
  }
});
