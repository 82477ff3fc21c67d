/**
 * Speed of the package in a headless Chromium, in words of English per second, with each build of the engine.
 *
 *     npm run bench [-- FILE]     a file with a sentence on each line, by default training/everyday.en
 *
 * One thread, with greedy search and with the beam that the model asks for. "One by one" translates a sentence at a time, as when someone types; "as one text" translates all of them
 * together. The best of several passes counts: other programs on the machine can only slow a pass down.
 */

import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";

import { isModule, WITHOUT_RELAXED } from "./relaxed.mjs";
import { listen, site } from "./serve.mjs";
import { launchChromium, root } from "./setup.mjs";
import { build } from "./site.mjs";

const PASSES = 5;

/**
 * Runs in the page.
 * @param {{ sentences: string[], passes: number, beam?: number }} work
 */
async function measure({ sentences, passes, beam }) {
  const here = globalThis.location.href;
  const address = new URL("pkg/index.js", here).href;
  /** @type {typeof import("../pkg/index.js")} */
  const { Translator } = await import(address);
  const models = new URL("www/models/manifest.json", here);
  const options = { sourceLanguage: "en", targetLanguage: "zh", models };
  (await Translator.create(options)).destroy();
  // The weights are stored by now.
  const start = performance.now();
  const translator = await Translator.create(options);
  const search = beam === undefined ? {} : { beam };
  await translator.translate(sentences[0] ?? "", search);
  const first = performance.now() - start;
  let instructions = "";
  /** @param {string[]} texts */
  const speed = async (texts) => {
    let best = 0;
    for (let pass = 0; pass < passes; pass++) {
      let [words, milliseconds] = [0, 0];
      for (const text of texts) {
        const { engine } = await translator.translateDetailed(text, { alignment: false, ...search });
        words += engine.words;
        milliseconds += engine.milliseconds;
        instructions = engine.instructions;
      }
      best = Math.max(best, (1000 * words) / milliseconds);
    }
    return best;
  };
  const single = await speed(sentences);
  const together = await speed([sentences.join("\n")]);
  translator.destroy();
  return { first, instructions, single, together };
}

const file = resolve(process.argv[2] ?? join(root, "training", "everyday.en"));
const sentences = (await readFile(file, "utf8")).split("\n").filter(Boolean);

await build();
const browser = await launchChromium();
console.log(`\nChromium ${browser.version()}, one thread, ${sentences.length} sentences, best of ${PASSES} passes\n`);
console.log("| instructions | search | one by one | as one text | first translation |\n|---|---|---:|---:|---:|");
try {
  for (const relaxed of [true, false]) {
    const folder = join(root, "www", "dist");
    const server = await site({
      folder,
      answer: async (path) =>
        relaxed || !isModule(path) ? undefined : { body: WITHOUT_RELAXED + (await readFile(join(folder, path), "utf8")) },
    });
    const port = await listen(server, 0, "127.0.0.1");
    const context = await browser.newContext({ serviceWorkers: "block" });
    const page = await context.newPage();
    await page.goto(`http://127.0.0.1:${port}/`);
    for (const beam of [1, undefined]) {
      const { first, instructions, single, together } = await page.evaluate(measure, { sentences, passes: PASSES, beam });
      const words = (/** @type {number} */ perSecond) => `${Math.round(perSecond)} words/s`;
      const search = beam === 1 ? "greedy" : "default";
      console.log(`| ${instructions} | ${search} | ${words(single)} | ${words(together)} | ${Math.round(first)} ms |`);
    }
    await context.close();
    server.close();
    server.closeAllConnections();
  }
} finally {
  await browser.close();
}
