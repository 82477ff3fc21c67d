import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { Translator } from "../../pkg/index.js";
import { route } from "../../pkg/lib/models.js";
import { multiplied, Pivot } from "../../pkg/lib/pivot.js";
import { entry, local, site } from "./support.mjs";

/** @typedef {import("../../pkg/worker.js").Part} Part */
/** @typedef {import("../../pkg/index.js").TranslatedSentence} Sentence */

/**
 * An engine that translates each sentence (up to a full stop, mark or line's end) as it is told, a part for each.
 * @param {(sentence: string) => string} rule
 */
function puppet(rule) {
  const seen = { texts: /** @type {string[][]} */ ([]), cancelled: 0, released: 0, more: 0 };
  const engine = {
    listeners: new Set(),
    start: async () => {},
    release: () => (seen.released += 1),
    /** @param {any} request @param {(part: Part) => void} onpart */
    call({ texts, credit }, onpart) {
      seen.texts.push(texts);
      let stopped = false;
      let allowed = credit ?? Infinity;
      let wake = () => {};
      /** @type {(error: Error) => void} */
      let stop = () => {};
      const promise = new Promise((/** @type {(report: any) => void} */ resolve, reject) => {
        stop = reject;
        void (async () => {
          for (const [index, text] of texts.entries()) {
            let [from, to] = [0, 0];
            for (const { 0: sentence, index: start } of text.matchAll(/[^\s][^.\n]*\.?/g)) {
              await turn();
              while (allowed === 0 && !stopped) await new Promise((/** @type {(value?: any) => void} */ next) => (wake = next));
              if (stopped) return;
              allowed -= 1;
              const gap = text.slice(from, start);
              const made = rule(sentence);
              const translated = made !== sentence;
              const source = { start, end: start + sentence.length };
              const target = { start: to + gap.length, end: to + gap.length + made.length };
              const alignment = translated ? { source: [source], target: [target], weights: Float32Array.of(0.5) } : null;
              onpart({ id: 1, index, text: gap + made, sentences: [{ source, target, translated, score: -1, alignment }], done: 1, total: 2 });
              [from, to] = [source.end, target.end];
            }
            if (from < text.length) onpart({ id: 1, index, text: text.slice(from), sentences: [], done: 2, total: 2 });
          }
          resolve({ id: 1, instructions: "none", milliseconds: 1, words: 3 });
        })();
      });
      promise.catch(() => {});
      return {
        promise,
        cancel: () => {
          seen.cancelled += 1;
          stopped = true;
          wake();
          stop(new DOMException("cancelled", "AbortError"));
        },
        more: () => {
          seen.more += 1;
          allowed += 1;
          wake();
        },
      };
    },
  };
  return { seen, engine: /** @type {any} */ (engine) };
}

const english = () => puppet((sentence) => (/\d/.test(sentence) ? sentence : `<${sentence.slice(0, -1)}>`));
const chinese = () => puppet((sentence) => (sentence.includes("<") ? `${"中".repeat(sentence.length - 2)}。` : sentence));

/** @param {Pivot} pivot @param {object} request */
async function all(pivot, request) {
  /** @type {string[]} */
  const texts = [];
  /** @type {Sentence[]} */
  const sentences = [];
  const { promise } = pivot.call(/** @type {any} */ (request), (part) => {
    texts[part.index] = (texts[part.index] ?? "") + part.text;
    sentences.push(...part.sentences);
  });
  const report = await promise;
  return { texts, sentences, report };
}

test("sentences pass through both engines, white space stays, and spaces between Chinese sentences go", async () => {
  const [first, second] = [english(), chinese()];
  const pivot = new Pivot(first.engine, second.engine, 0.5);
  const { texts, sentences, report } = await all(pivot, { texts: [" Ab. C 1. De.\n\n\tFg.\n", "H. I.  "], detailed: true, alignment: true });
  assert.deepEqual(texts, [" 中中。 C 1. 中中。\n\n\t中中。\n", "中。中。  "]);
  assert.deepEqual(sentences.map(({ translated }) => translated), [true, false, true, true, true, true]);
  assert.ok(second.seen.texts.flat().every((text) => text.startsWith("<")), "what the first engine copied is not translated");
  const [{ source, target, score, alignment }] = sentences;
  assert.deepEqual([source, target, score], [{ start: 1, end: 4 }, { start: 1, end: 4 }, -2]);
  assert.deepEqual(alignment, { source: [{ start: 1, end: 4 }], target: [{ start: 1, end: 4 }], weights: Float32Array.of(0.25) });
  for (const [i, made] of sentences.entries()) {
    assert.equal(texts[i < 4 ? 0 : 1].slice(made.target.start, made.target.end).includes("\n"), false);
  }
  assert.equal(report.words, 3);
});

test("a reader that takes one part at a time gets them all", async () => {
  const [first, second] = [english(), chinese()];
  const pivot = new Pivot(first.engine, second.engine, 0.5);
  /** @type {string[]} */
  const parts = [];
  const call = pivot.call({ texts: ["A. B. C.   "], live: true, credit: 0 }, (part) => {
    if (part.text === "") return;
    parts.push(part.text);
    call.more();
  });
  call.more();
  await call.promise;
  assert.equal(parts.join(""), "中。中。中。   ");
  assert.ok(parts.length >= 3);
});

test("cancelling stops both, and a failure of either is the call's", async () => {
  const [first, second] = [english(), chinese()];
  const call = new Pivot(first.engine, second.engine, 0.5).call({ texts: ["A. ".repeat(50)], live: true }, () => call.cancel());
  await assert.rejects(call.promise, { name: "AbortError" });
  assert.ok(first.seen.cancelled > 0);

  const broken = puppet(() => "");
  broken.engine.call = () => ({ promise: Promise.reject(new Error("the second died")), cancel() {}, more() {} });
  const another = english();
  await assert.rejects(new Pivot(another.engine, broken.engine, 0.5).call({ texts: ["A. B."] }, () => {}).promise, /the second died/);
  assert.ok(another.seen.cancelled > 0, "the first does not go on for nobody");
});

test("progress is that of both downloads, weighted, and 1 only in the end", () => {
  const [first, second] = [english(), chinese()];
  const pivot = new Pivot(first.engine, second.engine, 0.25);
  /** @type {number[]} */
  const told = [];
  pivot.listeners.add((loaded) => told.push(loaded));
  for (const listener of first.engine.listeners) listener(1);
  for (const listener of second.engine.listeners) listener(0.5);
  for (const listener of second.engine.listeners) listener(1);
  assert.deepEqual(told, [0.25, 0.625, 0.999]);
  pivot.release();
  assert.equal(first.engine.listeners.size + second.engine.listeners.size, 0);
});

test("attention is multiplied by how far tokens overlap", () => {
  const range = (/** @type {number} */ start, /** @type {number} */ end) => ({ start, end });
  const alignment = { source: [range(0, 2), range(3, 5)], target: [range(10, 12), range(12, 16)], weights: Float32Array.of(1, 0, 0, 0.5) };
  const first = { source: range(0, 5), target: range(10, 16), score: -1, translated: true, alignment };
  const inner = { source: [range(0, 4), range(4, 6)], target: [range(0, 1), range(1, 3)], weights: Float32Array.of(1, 0, 0.5, 0.5) };
  const second = { source: range(0, 6), target: range(0, 3), score: -1, translated: true, alignment: inner };
  // The first token between covers all of (10, 12) and half of (12, 16).
  assert.deepEqual(multiplied(first, [second], 7), {
    source: alignment.source,
    target: [range(7, 8), range(8, 10)],
    weights: Float32Array.of(0.5, 0.25, 0.25, 0.375),
  });
  assert.equal(multiplied({ ...first, alignment: null }, [second], 0), null);
});

test("a direction without a model of its own goes through two", async (t) => {
  // The same weights twice: what the first makes is Chinese, and the second leaves that as it is.
  const models = [
    { ...entry, id: "fr-en", source: "fr", target: "en" },
    { ...entry, id: "en-zh" },
  ];
  const { options, asked } = await site(t, { manifest: { version: 1, models } });
  const wanted = { ...options, sourceLanguage: "fr", targetLanguage: "zh" };
  assert.equal(await Translator.availability(wanted), "downloadable");
  assert.equal(await Translator.availability({ ...wanted, sourceLanguage: "zh", targetLanguage: "fr" }), "unavailable");
  const pivot = await Translator.create(wanted);
  const direct = await Translator.create(local);
  const text = "The water is cold. The house is big.\n\n  See https://example.org/ now! 12.5\nGood night.";
  assert.equal(await pivot.translate(text), await direct.translate(text));
  let streamed = "";
  for await (const part of pivot.translateStreaming(text)) streamed += part;
  assert.equal(streamed, await direct.translate(text));
  const [two, one] = [await pivot.translateDetailed(text), await direct.translateDetailed(text)];
  assert.deepEqual(two.sentences.map(({ source, target }) => [source, target]), one.sentences.map(({ source, target }) => [source, target]));
  assert.equal(two.engine.words, one.engine.words);
  assert.equal(await Translator.availability(wanted), "available");
  assert.deepEqual(
    (await Translator.directions(wanted)).map(({ sourceLanguage, targetLanguage, via, stored }) => [sourceLanguage, targetLanguage, via, stored]),
    [
      ["fr", "en", undefined, true],
      ["en", "zh", undefined, true],
      ["fr", "zh", "en", true],
    ],
  );
  const stop = new AbortController();
  const long = pivot.translate(`${text} `.repeat(200), { signal: stop.signal, onprogress: () => stop.abort() });
  await assert.rejects(long, { name: "AbortError" });
  pivot.destroy();
  direct.destroy();
  assert.equal(asked.filter((name) => name === entry.file).length, 2);
});

test("two models that lead back to the language of the text are no way", () => {
  const models = /** @type {any[]} */ ([
    { entry: { source: "en", target: "zh" } },
    { entry: { source: "zh", reads: ["zh-Hant"], target: "en" } },
    { entry: { source: "en", target: "zh-Hant" } },
    { entry: { source: "de", target: "en" } },
  ]);
  for (const [from, to, length] of /** @type {[string, string, number][]} */ ([
    ["en", "zh", 1],
    ["de", "zh", 2],
    ["de", "zh-TW", 2],
    ["en", "en", 0],
    ["en-US", "en-GB", 0],
    ["zh-TW", "zh", 0],
    ["zh", "zh-TW", 0],
    ["de", "de", 0],
  ])) {
    assert.equal(route(models, from, to).length, length, `${from} to ${to}`);
  }
});
