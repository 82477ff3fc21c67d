import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

import { instructions } from "../../pkg/lib/runtime.js";
import { local, manifestPath, root } from "./support.mjs";

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

/** @param {string[]} flags @returns {{ instructions: string, translations: string[] }} */
function inNode(flags) {
  const script = `
    import { Translator } from "./pkg/index.js";
    const translator = await Translator.create(${JSON.stringify(local)});
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

test("every build translates like the native program", () => {
  const native = run("cargo", ["run", "--quiet", "--", "translate", "--models", manifestPath], `${LINES.join("\n")}\n`);
  const expected = native.trimEnd().split("\n");
  assert.equal(expected.length, LINES.length);
  assert.deepEqual(inNode([]).translations, expected);
  const flag = "--experimental-wasm-relaxed-simd";
  // Whatever is chosen is right, also where the baseline compiler is not (see runtime.js).
  assert.deepEqual(inNode([flag]).translations, expected);
  assert.deepEqual(inNode([flag, "--no-liftoff"]), { instructions: "relaxed-simd", translations: expected });
});
