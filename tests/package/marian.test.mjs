/**
 * Models in Marian's format. Most have random weights: what they say means nothing, but everything around it must hold. One was
 * trained, see `tools/marian/train.py`.
 */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { before, test } from "node:test";
import { gzipSync } from "node:zlib";

import { Translator } from "../../pkg/index.js";
import { randomModel } from "../../tools/marian/random.mjs";
import { piecesIn, vocabularyOf } from "../../tools/marian/vocabulary.mjs";
import { entry, folder, manifestPath } from "./support.mjs";

const SHAPE = { width: 128, inner: 256, encoder: 2, decoder: 1, heads: 4 };
const TEXT = "Das Wasser ist kalt. Siehe https://example.org/ um 12.5!\n\n  Guten Abend, wir gehen heute in die Stadt.";
const german = { sourceLanguage: "de", targetLanguage: "en", models: manifestPath };

/** @type {{ model: Uint8Array, sourceVocabulary: Uint8Array, shortlist: Uint8Array }} */
let files;
before(async () => {
  const sourceVocabulary = await vocabularyOf(join(manifestPath, "..", entry.file));
  files = { ...randomModel(SHAPE, piecesIn(sourceVocabulary)), sourceVocabulary };
});

test("a model of Firefox's kind translates, packed or not", async () => {
  const translator = await Translator.create({ ...german, files });
  const { text, sentences, engine } = await translator.translateDetailed(TEXT);
  assert.equal(sentences.filter(({ translated }) => translated).length >= 2, true);
  assert.ok(text.includes("https://example.org/"), text);
  assert.match(text, /\n\n {2}\S/);
  assert.ok(engine.words > 8);
  for (const { source, target, alignment } of sentences) {
    assert.ok(source.end <= TEXT.length && target.end <= text.length);
    if (!alignment) continue;
    const columns = alignment.source.length;
    assert.equal(alignment.weights.length, columns * alignment.target.length);
    for (let row = 0; row < alignment.target.length; row++) {
      const sum = alignment.weights.slice(row * columns, (row + 1) * columns).reduce((a, b) => a + b, 0);
      assert.ok(sum >= 0 && sum < 1.001, String(sum));
    }
  }
  const packed = { ...files, model: new Uint8Array(gzipSync(files.model, { level: 1 })), shortlist: new Blob([gzipSync(files.shortlist)]) };
  const other = await Translator.create({ ...german, files: packed });
  assert.equal(await other.translate(TEXT), text);
  const whole = await Translator.create({ ...german, files: { ...files, shortlist: undefined } });
  assert.equal(typeof (await whole.translate(TEXT)), "string");
  for (const each of [translator, other, whole]) each.destroy();
});

test("a trained model is right where Bergamot's engine is", async () => {
  const folder = new URL("../marian_peer/ende/", import.meta.url);
  const read = async (/** @type {string} */ name) => new Uint8Array(await readFile(new URL(name, folder)));
  const lines = async (/** @type {string} */ name) => (await readFile(new URL(name, folder), "utf8")).trimEnd().split("\n");
  const [model, sourceVocabulary, shortlist] = await Promise.all(
    ["model.ende.intgemm.alphas.bin", "vocab.ende.spm", "lex.50.50.ende.s2t.bin"].map(read),
  );
  const [sources, expected] = await Promise.all(["test.en", "test.bergamot.de"].map(lines));
  const pair = { sourceLanguage: "en", targetLanguage: "de", models: manifestPath };
  const translator = await Translator.create({ ...pair, files: { model, sourceVocabulary, shortlist } });
  const found = await translator.translate(sources);
  const same = found.filter((text, i) => text === expected[i]).length;
  assert.ok(same >= 0.98 * expected.length, `${same} of ${expected.length}`);
  translator.destroy();
});

test("with another model after it, it goes on to Chinese", async (t) => {
  const options = { ...german, cacheFolder: await folder(t) };
  await Translator.add({ ...options, files });
  const translator = await Translator.create({ ...options, targetLanguage: "zh" });
  const { text, sentences } = await translator.translateDetailed(TEXT);
  assert.match(text, /\p{Script=Han}/u);
  assert.match(text, /\n\n {2}\S/);
  assert.ok(sentences.some(({ alignment }) => alignment !== null));
  for (const { source, target } of sentences) assert.ok(source.end <= TEXT.length && target.end <= text.length);
  translator.destroy();
});

test("damaged files are refused", async () => {
  for (const [what, changed] of /** @type {[string, Partial<typeof files>][]} */ ([
    ["weights cut short", { model: files.model.subarray(0, files.model.length >> 1) }],
    ["a shortlist cut short", { shortlist: files.shortlist.subarray(0, 1_000) }],
    ["a vocabulary that is none", { sourceVocabulary: new Uint8Array(500).fill(200) }],
  ])) {
    await assert.rejects(Translator.create({ ...german, files: { ...files, ...changed } }), { name: "DataError" }, what);
  }
});
