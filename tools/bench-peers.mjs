/**
 * This engine and Bergamot's (npm `@browsermt/bergamot-translator`, which Firefox's translations grew from), side by side: the same
 * Chromium, the same model files, the same sentences, one thread each.
 *
 *     npm run bench:peers [-- FOLDER] [--shape tiny|base-memory|base] [--pieces N] [--sentences FILE] [--write FOLDER]
 *
 * FOLDER holds a Firefox translation model, unpacked: model.*.bin, vocab.*.spm (or srcvocab.* and trgvocab.*), lex.*.bin. Without it
 * the weights are random, with a vocabulary of this repository's own model, and sentences end when they are about as long as the
 * original; such a model is as fast as a trained one, but writes nonsense and repeats itself. With `--pieces 32000` the vocabulary has as
 * many pieces as Firefox's; those that are added stand in no text. `--write` writes the model's files, and measures nothing.
 *
 * "One by one" translates a sentence at a time, as when someone types; "together" gives all of them to the engine as one request.
 * The best of several passes counts: other programs on the machine can only slow a pass down. The first translation is timed from
 * creating the worker, with all files in memory. Memory is what the page's process, its worker included, holds more at the end than
 * before, when garbage has been collected (anonymous resident pages; on Linux only).
 */

import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";

import { randomModel, SHAPES } from "./marian/random.mjs";
import { enlarged, piecesIn, vocabularyOf } from "./marian/vocabulary.mjs";
import { isModule, WITHOUT_RELAXED } from "./relaxed.mjs";
import { listen, site } from "./serve.mjs";
import { launchChromium, Missing, modules, root, wasm } from "./setup.mjs";

const PASSES = 3;
const LANGUAGES = { from: "en", to: "de" };
const bergamot = join(root, "node_modules", "@browsermt", "bergamot-translator", "worker");

/** @typedef {{ model: Uint8Array, vocabularies: Uint8Array[], shortlist: Uint8Array | null, name: string }} Files */

/** @param {string} folder @returns {Promise<Files>} */
async function read(folder) {
  const names = await readdir(folder);
  const find = (/** @type {RegExp} */ pattern) => names.find((name) => pattern.test(name));
  const load = (/** @type {string} */ name) => readFile(join(folder, name));
  const model = find(/^model.*\.bin$/);
  const [source, target, lex] = [find(/^(src)?vocab.*\.spm$/), find(/^trgvocab.*\.spm$/), find(/^lex.*\.bin$/)];
  if (!model || !source) throw new Missing(`${folder} must hold model.*.bin and vocab.*.spm, and may hold lex.*.bin, unpacked.`);
  const vocabularies = await Promise.all([source, target].filter((name) => name !== undefined).map(load));
  return { model: await load(model), vocabularies, shortlist: lex ? await load(lex) : null, name: `${folder}/${model}` };
}

/** @param {string} shape @param {number} pieces at least so many @returns {Promise<Files>} */
async function make(shape, pieces) {
  if (!Object.hasOwn(SHAPES, shape)) throw new Missing(`There is no shape ${shape}. There are: ${Object.keys(SHAPES).join(", ")}.`);
  if (!(pieces >= 0 && pieces <= 1 << 18)) throw new Missing("--pieces takes a number up to 262144.");
  const vocabulary = enlarged(await vocabularyOf(join(root, "www", "models", "en-zh.safetensors")), pieces);
  const count = piecesIn(vocabulary);
  const files = randomModel(SHAPES[shape], count);
  return { ...files, vocabularies: [vocabulary], name: `random weights, ${shape}, ${count.toLocaleString("en")} pieces` };
}

/** @param {Files} files @param {string} folder */
async function write({ model, vocabularies, shortlist }, folder) {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "model.intgemm.alphas.bin"), model);
  if (shortlist) await writeFile(join(folder, "lex.s2t.bin"), shortlist);
  const names = vocabularies.length > 1 ? ["srcvocab.spm", "trgvocab.spm"] : ["vocab.spm"];
  for (const [i, name] of names.entries()) await writeFile(join(folder, name), vocabularies[i]);
}

/** A hundred everyday sentences, and the same joined in pairs: two hundred of 3 to 30 words. */
async function everyday() {
  const short = (await readFile(join(root, "training", "everyday.en"), "utf8")).split("\n").filter(Boolean);
  const pairs = short.map((sentence, i) => `${sentence.replace(/[.?!]$/, "")}, and ${short[(i + 37) % short.length]}`);
  return [...short, ...pairs];
}

/**
 * @typedef {object} Measurement
 * @property {string} instructions
 * @property {number} first milliseconds
 * @property {number} single words per second
 * @property {number} together words per second
 * @property {number | null} memory bytes
 * @property {string[]} sample translations
 */

/** What both engines are measured with; runs in the page. @type {string} */
const COMMON = `
  const fetched = (name) => fetch("files/" + name);
  const bytes = async (name) => new Uint8Array(await (await fetched(name)).arrayBuffer());
  const count = (texts) => texts.reduce((sum, text) => sum + text.split(/\\s+/).filter(Boolean).length, 0);
  async function measure({ sentences, passes }, start) {
    const begin = performance.now();
    const { translate, describe } = await start();
    await translate([sentences[0]]);
    const first = performance.now() - begin;
    const speed = async (requests) => {
      let best = 0;
      for (let pass = 0; pass < passes; pass++) {
        const from = performance.now();
        for (const request of requests) await translate(request);
        best = Math.max(best, (1000 * count(sentences)) / (performance.now() - from));
      }
      return best;
    };
    const single = await speed(sentences.map((text) => [text]));
    const together = await speed([sentences]);
    return { first, single, together, sample: await translate(sentences.slice(0, 3)), instructions: await describe() };
  }
`;

/** A page that translates with the package. */
const PACKAGE = `${COMMON}
  import { Translator } from "./pkg/index.js";
  globalThis.run = async (work) => {
    // As they are when a visitor has chosen them: the page itself holds none of their bytes.
    const blob = async (name) => (await fetched(name)).blob();
    const [model, shortlist] = [await blob("model"), work.shortlist ? await blob("shortlist") : undefined];
    const [sourceVocabulary, targetVocabulary] = await Promise.all(work.vocabularies.map((name) => blob(name)));
    const files = { model, shortlist, sourceVocabulary, targetVocabulary };
    return measure(work, async () => {
      const translator = await Translator.create({ sourceLanguage: work.languages.from, targetLanguage: work.languages.to, files });
      return {
        translate: (texts) => translator.translate(texts),
        describe: async () => (await translator.translateDetailed("One.")).engine.instructions,
      };
    });
  };`;

/** @type {Record<string, { name: string, page: string, wasm: string, relaxed?: boolean }>} */
const ENGINES = {
  bergamot: {
    name: "bergamot-translator 0.4.9",
    wasm: join(bergamot, "bergamot-translator-worker.wasm"),
    page: `${COMMON}
      globalThis.run = async (work) => {
        const files = [await bytes("model"), work.shortlist ? await bytes("shortlist") : new Uint8Array()];
        const vocabularies = await Promise.all(work.vocabularies.map((name) => bytes(name)));
        return measure(work, async () => {
          const worker = new Worker("bergamot/translator-worker.js");
          const waiting = new Map();
          let next = 1;
          worker.onmessage = ({ data: { id, result, error } }) => {
            const { resolve, reject } = waiting.get(id);
            waiting.delete(id);
            if (error) reject(new Error(error.message)); else resolve(result);
          };
          const call = (name, args, transfer = []) => new Promise((resolve, reject) => {
            const id = next++;
            waiting.set(id, { resolve, reject });
            worker.postMessage({ id, name, args }, transfer);
          });
          await call("initialize", [{ cacheSize: 0 }]);
          const buffers = { model: files[0].buffer, shortlist: files[1].buffer, vocabs: vocabularies.map(({ buffer }) => buffer) };
          await call("loadTranslationModel", [work.languages, buffers], [buffers.model, buffers.shortlist, ...buffers.vocabs]);
          return {
            translate: async (texts) => {
              const request = { models: [work.languages], texts: texts.map((text) => ({ text, html: false, qualityScores: false })) };
              return (await call("translate", [request])).map(({ target }) => target.text);
            },
            describe: () => "simd128",
          };
        });
      };`,
  },
  dragoman: { name: "Dragoman", page: PACKAGE, wasm: join(root, "pkg", "wasm", "dragoman_relaxed_bg.wasm"), relaxed: true },
  simd128: { name: "Dragoman", page: PACKAGE, wasm: join(root, "pkg", "wasm", "dragoman_bg.wasm"), relaxed: false },
};

/**
 * What each of the browser's page processes holds, in bytes; 0 where the system does not tell.
 * @param {import("playwright-core").Browser} browser
 * @returns {Promise<Map<number, number>>} by process
 */
async function memoryOf(browser) {
  const session = await browser.newBrowserCDPSession();
  const { processInfo } = await session.send("SystemInfo.getProcessInfo");
  const held = processInfo
    .filter(({ type }) => type === "renderer")
    .map(async ({ id }) => {
      const status = await readFile(`/proc/${id}/status`, "utf8").catch(() => "");
      return /** @type {const} */ ([id, 1024 * Number(/^RssAnon:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0)]);
    });
  return new Map(await Promise.all(held));
}

/** Collects the garbage of a page and of its workers. @param {import("playwright-core").Page} page */
async function collect(page) {
  await page.evaluate("gc()");
  for (const worker of page.workers()) await worker.evaluate("gc()");
}

/**
 * Opens a page with one engine.
 * @param {import("playwright-core").Browser} browser
 * @param {keyof typeof ENGINES} engine
 * @param {Files} files
 * @param {string[]} sentences
 * @returns {Promise<Measurement>}
 */
async function measure(browser, engine, files, sentences) {
  const folder = await mkdtemp(join(tmpdir(), "dragoman-peers-"));
  // Bergamot's bindings are made with eval.
  const policy = "default-src 'self'; script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval'; img-src data:";
  await writeFile(
    join(folder, "index.html"),
    `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}"><link rel="icon" href="data:,">` +
      `<script type="module" src="main.js"></script>`,
  );
  await writeFile(join(folder, "main.js"), ENGINES[engine].page);
  const server = await site({
    folder,
    answer: async (path) => {
      const [top, ...rest] = path.split("/");
      const name = rest.join("/");
      if (top === "pkg") {
        const body = await readFile(join(root, "pkg", name));
        return { body: ENGINES[engine].relaxed || !isModule(path) ? body : WITHOUT_RELAXED + body };
      }
      if (top === "bergamot") return { body: await readFile(join(bergamot, name)) };
      if (top !== "files") return undefined;
      const body = name === "model" ? files.model : name === "shortlist" ? files.shortlist : files.vocabularies[Number(name)];
      return body ? { body } : { status: 404 };
    },
  });
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    page.on("pageerror", (error) => console.error(error.message));
    await page.goto(`http://127.0.0.1:${await listen(server, 0, "127.0.0.1")}/`);
    await page.waitForFunction("globalThis.run");
    const work = {
      sentences,
      passes: PASSES,
      languages: LANGUAGES,
      shortlist: files.shortlist !== null,
      vocabularies: files.vocabularies.map((_, i) => String(i)),
    };
    const before = await memoryOf(browser);
    const measured = await page.evaluate(`run(${JSON.stringify(work)})`);
    await collect(page);
    const grown = [...(await memoryOf(browser))].map(([id, held]) => held - (before.get(id) ?? 0));
    return { ...measured, memory: Math.max(0, ...grown) || null };
  } finally {
    await context.close();
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true });
  }
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      shape: { type: "string", default: "tiny" },
      pieces: { type: "string", default: "0" },
      sentences: { type: "string" },
      engine: { type: "string", multiple: true },
      write: { type: "string" },
    },
  });
  const files = positionals[0] ? await read(resolve(positionals[0])) : await make(values.shape, Number(values.pieces));
  if (values.write) return write(files, resolve(values.write));
  modules();
  wasm();
  const sentences = values.sentences ? (await readFile(values.sentences, "utf8")).split("\n").filter(Boolean) : await everyday();
  const browser = await launchChromium("--js-flags=--expose-gc");
  try {
    console.log(`\nChromium ${browser.version()}, one thread, ${sentences.length} sentences, best of ${PASSES} passes; ${files.name}\n`);
    console.log("| engine | instructions | one by one | together | first translation | memory | WebAssembly |\n|---|---|---:|---:|---:|---:|---:|");
    /** @type {[string, string[]][]} */
    const samples = [];
    for (const engine of values.engine ?? Object.keys(ENGINES)) {
      const { name, wasm: program } = ENGINES[engine];
      const { instructions, single, together, first, memory, sample } = await measure(browser, engine, files, sentences);
      const words = (/** @type {number} */ speed) => `${Math.round(speed).toLocaleString("en")} words/s`;
      const megabytes = (/** @type {number} */ bytes) => `${(bytes / 1e6).toFixed(bytes < 1e7 ? 2 : 0)} MB`;
      const size = megabytes((await stat(program)).size);
      console.log(`| ${name} | ${instructions} | ${words(single)} | ${words(together)} | ${Math.round(first)} ms | ${memory ? megabytes(memory) : "?"} | ${size} |`);
      samples.push([name, sample]);
    }
    console.log();
    for (const [name, sample] of samples) console.log(`${name}: ${JSON.stringify(sample)}`);
  } finally {
    await browser.close();
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof Missing ? error.message : error);
  process.exitCode = 1;
}
