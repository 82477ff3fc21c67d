/**
 * Translates lines with Mozilla's engine, one call for each, to compare ours with it.
 *
 *     node tools/marian/bergamot.mjs MODEL_FOLDER < sentences.txt > bergamot.txt
 *     MARIAN_MODEL=MODEL_FOLDER MARIAN_SOURCE=sentences.txt MARIAN_PEER=bergamot.txt \
 *       cargo test --release --test marian_peer -- --ignored --nocapture
 *
 * For the model in `tests/marian_peer/ende`, which `train.py` makes, the result is kept beside it as `test.bergamot.de`.
 *
 * The folder holds `model*.bin`, `vocab*.spm` (or `srcvocab*` and `trgvocab*`) and `lex*.bin`. Prints words per second to standard error.
 */
import { cpSync, mkdtempSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { Worker } from "node:worker_threads";

import { modules, root } from "../setup.mjs";

const [folder] = process.argv.slice(2);
if (!folder) {
  console.error("usage: node tools/marian/bergamot.mjs MODEL_FOLDER < sentences");
  process.exit(2);
}
modules();
const names = readdirSync(folder);
/** @param {RegExp} pattern */
const file = (pattern) => {
  const name = names.find((candidate) => pattern.test(candidate));
  if (!name) return null;
  const bytes = readFileSync(path.join(folder, name));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
};
const shared = file(/^vocab.*\.spm$/);
const vocabs = shared ? [shared] : [file(/^srcvocab.*\.spm$/), file(/^trgvocab.*\.spm$/)];
// The package calls itself a module, but its worker is none.
const copy = mkdtempSync(path.join(tmpdir(), "bergamot-"));
cpSync(path.join(root, "node_modules/@browsermt/bergamot-translator/worker"), copy, { recursive: true });
writeFileSync(path.join(copy, "package.json"), '{ "type": "commonjs" }');
const worker = new Worker(path.join(copy, "translator-worker.js"));
let count = 0;
/**
 * @param {string} name
 * @param {...unknown} args
 * @returns {Promise<any>}
 */
const call = (name, ...args) =>
  new Promise((resolve, reject) => {
    const id = ++count;
    /** @param {{ id: number, result?: unknown, error?: { message: string } }} answer */
    const listen = (answer) => {
      if (answer.id !== id) return;
      worker.off("message", listen);
      if (answer.error) reject(new Error(answer.error.message));
      else resolve(answer.result);
    };
    worker.on("message", listen);
    worker.postMessage({ id, name, args });
  });

await call("initialize", { cacheSize: 0 });
const pair = { from: "xx", to: "yy" };
await call("loadTranslationModel", pair, {
  model: file(/^model.*\.bin$/),
  shortlist: file(/^lex.*\.bin$/),
  vocabs,
});
const lines = readFileSync(0, "utf8").split("\n").filter((line) => line.trim());
let words = 0;
const start = performance.now();
for (const text of lines) {
  const [answer] = await call("translate", { models: [pair], texts: [{ text, html: false }] });
  words += text.split(/\s+/).length;
  console.log(answer.target.text.replaceAll("\n", " "));
}
const seconds = (performance.now() - start) / 1000;
console.error(`${lines.length} sentences, ${(words / seconds).toFixed(0)} words/s`);
await worker.terminate();
