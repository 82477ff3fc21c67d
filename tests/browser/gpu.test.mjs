/** The engine on WebGPU, which SwiftShader computes here: the same translations as the CPU's, whatever becomes of the device. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { WITHOUT_RELAXED } from "../../tools/relaxed.mjs";
import { checkSentences } from "../../www/check-sentences.js";
import { down, FAULTS, HARDWARE, lost } from "./gpu-faults.mjs";
import { onGpu, stage, WEBGPU } from "./harness.mjs";

/** @typedef {import("../../pkg/index.js").Backend} Backend */

const SENTENCE = "The train leaves at ten.";
const TEXT = `${SENTENCE} She never saw so many stars. `.repeat(3);
/** Enough for several batches. */
const LONG = checkSentences("en").join(" ");
const ENGINE = /dragoman_gpu/;

const { site, visiting } = stage(undefined, WEBGPU);

/**
 * A page whose workers begin with some code.
 * @param {string} prelude
 * @param {(page: import("playwright-core").Page) => Promise<void>} body
 */
const visit = (prelude, body) =>
  visiting({ opened: false }, async ({ page }) => {
    site.asked = [];
    site.answer = async (path) =>
      path === "pkg/worker.js" ? { body: `${prelude}\n${await readFile(join(site.folder, path), "utf8")}` } : undefined;
    await page.goto(site.url);
    // The GPU may still be busy with what the last page left. Workers wait for it only so long, and then do without.
    await page.evaluate(async () => void (await /** @type {any} */ (navigator).gpu?.requestAdapter()));
    await body(page);
  });

/**
 * Translates in a page.
 * @param {import("playwright-core").Page} page
 * @param {Backend} backend
 * @param {{ texts?: string[], live?: boolean, check?: boolean, settle?: boolean }} [options] `live` streams; `settle` waits until the GPU was
 *   looked for
 */
function translate(page, backend, options = {}) {
  return page.evaluate(
    async ([address, backend, { texts = [], live = false, check = false, settle = false }]) => {
      const { Translator } = /** @type {typeof import("../../pkg/index.js")} */ (await import(`${address}pkg/index.js`));
      const translator = await Translator.create({ sourceLanguage: "en", targetLanguage: "zh", models: `${address}www/models/manifest.json`, backend });
      // A slow machine begins on the CPU.
      while (backend === "gpu" && !translator.gpu?.active && !translator.gpu?.fault) await new Promise((resolve) => setTimeout(resolve, 50));
      const translations = [];
      for (const text of texts) {
        if (live) {
          let translation = "";
          const reader = translator.translateStreaming(text).getReader();
          for (let part = await reader.read(); !part.done; part = await reader.read()) translation += part.value;
          translations.push({ text: translation, sentences: [], engine: null });
        } else {
          translations.push(await translator.translateDetailed(text, { onprogress: () => {} }));
        }
      }
      while (settle && !translator.gpu?.active) await new Promise((resolve) => setTimeout(resolve, 50));
      const together = texts.length > 1 ? await translator.translate(texts) : [];
      const checked = check ? await translator.checkGpu(texts) : null;
      const { gpu } = translator;
      translator.destroy();
      return { translations, together, gpu, checked, memory: JSON.parse(localStorage.getItem("dragoman.gpu") ?? "{}") };
    },
    /** @type {const} */ ([site.url, backend, options]),
  );
}

/** What the CPU makes of {@link TEXT} and {@link LONG}. @type {{ text: string, targets: string[] }[]} */
let expected;

test("the CPU translates, and nothing is downloaded for the GPU", () =>
  visit("", async (page) => {
    const { translations, gpu } = await translate(page, "cpu", { texts: [TEXT, LONG] });
    expected = translations.map(({ text, sentences }) => ({ text, targets: sentences.map(({ target }) => text.slice(target.start, target.end)) }));
    assert.equal(gpu, null);
    assert.deepEqual(site.asked.filter((path) => ENGINE.test(path)), []);
  }));

/** @param {{ text: string, sentences: import("../../pkg/index.js").TranslatedSentence[] }} translation */
function isComplete({ text, sentences }) {
  assert.equal(text, expected[0].text);
  assert.deepEqual(sentences.map(({ target }) => text.slice(target.start, target.end)), expected[0].targets);
  for (const { source, alignment } of sentences) {
    assert.ok(source.end <= TEXT.length);
    for (const { end } of alignment?.target ?? []) assert.ok(end <= text.length);
  }
}

onGpu("the GPU translates as the CPU does", () =>
  visit("", async (page) => {
    const { translations, gpu, checked, memory } = await translate(page, "gpu", { texts: [TEXT], check: true });
    isComplete(translations[0]);
    assert.equal(translations[0].engine?.backend, "gpu");
    assert.deepEqual([gpu?.active, gpu?.fault, gpu?.backend], [true, null, "gpu"]);
    assert.deepEqual([checked?.sentences, checked?.same, checked?.fault], [6, 6, undefined]);
    assert.ok(checked && checked.difference < 1e-3, `${checked?.difference}`);
    assert.equal(memory.failures, 0);
  }));

onGpu("the GPU gets the same weights from the engine without relaxed SIMD", () =>
  visit(WITHOUT_RELAXED, async (page) => {
    const { translations } = await translate(page, "gpu", { texts: [TEXT] });
    isComplete(translations[0]);
    assert.equal(translations[0].engine?.backend, "gpu");
    assert.deepEqual(site.asked.filter((path) => /gpu\w*\.wasm$/.test(path)), ["pkg/wasm/dragoman_gpu_bg.wasm"]);
  }));

for (const [name, prelude] of Object.entries(FAULTS)) {
  onGpu(`nothing is lost: ${name}`, () =>
    visit(prelude, async (page) => {
      const { translations, gpu } = await translate(page, "gpu", { texts: [TEXT, TEXT] });
      for (const translation of translations) isComplete(translation);
      assert.equal(translations[1].engine?.backend, "cpu");
      assert.match(gpu?.fault ?? "", /[a-z]{3} [a-z]/);
      assert.equal(gpu?.active, false);
      if (/^no WebGPU|insecure|adapter/.test(name)) {
        assert.deepEqual(site.asked.filter((path) => ENGINE.test(path)), [], "who has no GPU downloads nothing more");
      }
    }));
}

for (const [how, prelude] of /** @type {const} */ ([
  ["lost", lost(3)],
  ["taken down with the engine", down(6)],
])) {
  onGpu(`a device ${how} after some sentences loses none`, () =>
    visit(prelude, async (page) => {
      const { translations, gpu } = await translate(page, "gpu", { texts: [LONG] });
      const [{ text, sentences, engine }] = translations;
      assert.equal(text, expected[1].text);
      assert.deepEqual(sentences.map(({ target }) => text.slice(target.start, target.end)), expected[1].targets);
      assert.match(engine?.fault ?? "", /lost|took the translator down/);
      assert.equal(gpu?.fault, engine?.fault);
    }));
}

onGpu("a stream goes on where the device was lost", () =>
  visit(down(6), async (page) => {
    const { translations, gpu } = await translate(page, "gpu", { texts: [LONG], live: true });
    assert.equal(translations[0].text, expected[1].text);
    assert.match(gpu?.fault ?? "", /took the translator down/);
  }));

onGpu("a driver that fails again and again is left alone", () =>
  visit(lost(1) + HARDWARE, async (page) => {
    const failed = (/** @type {number} */ failures) =>
      page.evaluate((failures) => localStorage.setItem("dragoman.gpu", JSON.stringify({ failures, failed: Date.now(), models: {} })), failures);
    await failed(2);
    const { translations, memory } = await translate(page, "gpu", { texts: [SENTENCE] });
    assert.match(translations[0].engine?.fault ?? "", /lost/);
    assert.equal(memory.failures, 3);
    site.asked = [];
    const { gpu } = await translate(page, "auto", { texts: [SENTENCE] });
    assert.match(gpu?.fault ?? "", /failed too often/);
    assert.deepEqual(site.asked.filter((path) => ENGINE.test(path)), []);
  }));

onGpu("it is measured once, and the measurement decides", () =>
  visit(HARDWARE, async (page) => {
    const texts = [SENTENCE, "Hello.", "Good morning.", "I love to eat pizza.", "It rains."];
    const first = await translate(page, "auto", { texts: [SENTENCE], settle: true });
    assert.equal(first.translations[0].engine?.backend, "cpu", "the first translation does not wait for a measurement");
    assert.equal(first.gpu?.calibration?.timings[0].sentences, 1);
    assert.ok(first.gpu?.calibration?.timings.every(({ cpu, gpu }) => cpu > 0 && gpu > 0));
    const [[key]] = Object.entries(first.memory.models);
    /** @param {number | null} least */
    const measured = (least) =>
      page.evaluate(
        ([key, least]) => {
          const memory = JSON.parse(localStorage.getItem("dragoman.gpu") ?? "");
          memory.models[/** @type {string} */ (key)].calibration.least = least;
          localStorage.setItem("dragoman.gpu", JSON.stringify(memory));
        },
        [key, least],
      );
    site.asked = [];
    await measured(4);
    const { translations, gpu } = await translate(page, "auto", { texts, settle: true });
    assert.deepEqual(translations.map(({ engine }) => engine?.backend), Array(5).fill("cpu"), "one sentence is not taken to the GPU");
    assert.deepEqual([gpu?.batches.gpu, gpu?.active], [1, true], "five are");
    assert.ok(site.asked.some((path) => ENGINE.test(path)));
    site.asked = [];
    await measured(null);
    const slower = await translate(page, "auto", { texts });
    assert.deepEqual([slower.gpu?.active, slower.gpu?.fault, slower.gpu?.calibration?.least], [false, null, null]);
    assert.deepEqual(site.asked.filter((path) => ENGINE.test(path)), [], "the larger engine is not downloaded in vain");
  }));

onGpu("a GPU that the processor plays is not used unless it is asked for", () =>
  visit("", async (page) => {
    const { gpu } = await translate(page, "auto", { texts: [SENTENCE] });
    assert.match(gpu?.fault ?? "", /by the processor/);
    assert.deepEqual(site.asked.filter((path) => ENGINE.test(path)), []);
  }));

onGpu("an engine that cannot be loaded is replaced by the smaller one", () =>
  visit("", async (page) => {
    const answer = site.answer;
    site.answer = (path) => (ENGINE.test(path) ? { status: 503 } : answer(path));
    const { translations, gpu } = await translate(page, "gpu", { texts: [TEXT] });
    isComplete(translations[0]);
    assert.match(gpu?.fault ?? "", /could not be loaded/);
  }));

test("what is no backend is refused", () =>
  visit("", async (page) => {
    await assert.rejects(translate(page, /** @type {Backend} */ ("fast")), /backend must be/);
  }));
