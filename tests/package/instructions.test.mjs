import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { instructions } from "../../pkg/lib/runtime.js";
import { randomModel } from "../../tools/marian/random.mjs";
import { piecesIn, vocabularyOf } from "../../tools/marian/vocabulary.mjs";
import { entry, folder, local, manifestPath, root } from "./support.mjs";

const LINES = [
  "The water is cold.",
  "I love to eat pizza, and she reads books about the history of science.",
  "On 3 May 2021, 1,250 people signed the letter that was sent to https://example.org/.",
  "What did you say? I did not hear you!",
  "中文 and an emoji 😀.",
];

/**
 * @param {string} program
 * @param {string[]} parameters
 * @param {string} [input]
 */
function run(program, parameters, input) {
  const { status, stdout, stderr, error } = spawnSync(program, parameters, { cwd: root, encoding: "utf8", input });
  assert.equal(status, 0, stderr || String(error));
  return stdout;
}

/** @param {string[]} flags @param {object} options @returns {{ instructions: string, translations: string[] }} */
function inNode(flags, options = local) {
  const script = `
    import { readFile } from "node:fs/promises";
    import { Translator } from "./pkg/index.js";
    const options = ${JSON.stringify(options)};
    for (const [name, path] of Object.entries(options.files ?? {})) options.files[name] = await readFile(path);
    const translator = await Translator.create(options);
    const lines = ${JSON.stringify(LINES)};
    // More than once, because engines compile anew what runs often.
    for (let i = 0; i < 3; i += 1) await translator.translate(lines);
    const { engine } = await translator.translateDetailed(lines[0]);
    console.log(JSON.stringify({ instructions: engine.instructions, translations: await translator.translate(lines) }));
  `;
  return JSON.parse(run(process.execPath, [...flags, "--input-type=module", "--eval", script]));
}

test("the probes agree with the builds", () => {
  const validates = (/** @type {string} */ name) => WebAssembly.validate(readFileSync(join(root, "pkg", "wasm", name)));
  assert.ok(validates("dragoman_bg.wasm"));
  const best = instructions();
  assert.ok(best === "simd128" || (best === "relaxed-simd" && validates("dragoman_relaxed_bg.wasm")));
});

/** @param {string[]} parameters */
function native(parameters) {
  const lines = run("cargo", ["run", "--quiet", "--", "translate", ...parameters], `${LINES.join("\n")}\n`).trimEnd().split("\n");
  assert.equal(lines.length, LINES.length);
  return lines;
}

const RELAXED = "--experimental-wasm-relaxed-simd";

test("every build translates like the native program", () => {
  const expected = native(["--models", manifestPath]);
  assert.deepEqual(inNode([]).translations, expected);
  // Whatever is chosen is right, also where the baseline compiler is not (see runtime.js).
  assert.deepEqual(inNode([RELAXED]).translations, expected);
  assert.deepEqual(inNode([RELAXED, "--no-liftoff"]), { instructions: "relaxed-simd", translations: expected });
});

test("large sums are right in every build", async (t) => {
  const directory = await folder(t);
  const vocabulary = await vocabularyOf(join(manifestPath, "..", entry.file));
  // A long product, whose weights are all as large as they can be.
  const { model } = randomModel({ width: 128, inner: 2048, encoder: 1, decoder: 1, heads: 4 }, piecesIn(vocabulary), (tensors) => {
    const outer = tensors.get("encoder_l1_ffn_W2");
    assert.ok(outer);
    outer.values = outer.values.map((value) => 0.1 * Math.sign(value));
  });
  const parts = join(directory, "parts");
  await mkdir(parts);
  const files = { model: join(parts, "model.bin"), sourceVocabulary: join(parts, "vocab.spm") };
  await writeFile(files.model, model);
  await writeFile(files.sourceVocabulary, vocabulary);
  const file = join(directory, "model.safetensors");
  run("cargo", ["run", "--quiet", "--", "import", "marian", parts, "--from", "en", "--to", "de", "-o", file]);
  const expected = native(["--model", file]);
  const options = { sourceLanguage: "en", targetLanguage: "de", models: manifestPath, files };
  assert.deepEqual(inNode([], options), { instructions: "simd128", translations: expected });
  const relaxed = inNode([RELAXED, "--no-liftoff"], options);
  assert.deepEqual(relaxed, { instructions: "relaxed-simd", translations: expected });
});
