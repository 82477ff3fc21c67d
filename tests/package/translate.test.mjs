import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Worker } from "node:worker_threads";

import { Translator } from "../../pkg/index.js";
import { local } from "./support.mjs";

/** @type {Translator} */
let translator;
before(async () => {
  translator = await Translator.create(local);
});
after(() => translator.destroy());

const TEXT = "The train leaves at nine o'clock. Please be on time!\n\n  We shall wait for you at the station. ".repeat(6);
/** About a megabyte. */
const LONG = "The train leaves at nine o'clock. Please be on time! ".repeat(20_000);

test("a text is translated, its white space kept", async () => {
  const translation = await translator.translate("The water is cold.\n\n\tThe house is big.\n");
  assert.match(translation, /^\P{White_Space}.*\n\n\t\P{White_Space}.*\n$/u);
  assert.match(translation, /\p{Script=Han}/u);
});

test("what has nothing to translate comes back as it is", async () => {
  for (const text of ["", " ", "\n\t\r\n", "\0", "\u0007\u001b[0m", "12.5", "https://example.org/a?b=c", "\u{1f600}", "中文"]) {
    assert.equal(await translator.translate(text), text, JSON.stringify(text));
  }
});

test("what is no string is converted like any argument of the platform", async () => {
  assert.equal(await translator.translate(/** @type {any} */ (42)), "42");
  await assert.rejects(translator.translate(/** @type {any} */ (Symbol("no"))), TypeError);
});

test("a text must be given", async () => {
  const missing = /** @type {any} */ (translator);
  await assert.rejects(missing.translate(), TypeError);
  await assert.rejects(missing.translateDetailed(), TypeError);
  assert.throws(() => missing.translateStreaming(), TypeError);
  assert.equal(typeof (await missing.translate(undefined)), "string");
});

test("texts in an array are translated like single ones, in their order", async () => {
  const texts = Array.from({ length: 40 }, (_, i) => (i % 7 === 3 ? "" : `There are ${i} apples. ${i % 5 ? "They are red.\n" : ""}`));
  texts.push(TEXT.repeat(4));
  const alone = [];
  for (const text of texts) alone.push(await translator.translate(text));
  assert.deepEqual(await translator.translate(texts), alone);
  assert.deepEqual(await translator.translate([]), []);
});

test("a stream is the translation in parts", async () => {
  const parts = [];
  for await (const part of translator.translateStreaming(TEXT)) parts.push(part);
  assert.ok(parts.length > 2, `${parts.length} parts`);
  assert.ok(parts.every((part) => part !== ""));
  assert.equal(parts.join(""), await translator.translate(TEXT));
});

test("a stream waits for its reader, and others pass it", async () => {
  let batches = 0;
  const reader = translator.translateStreaming(LONG, { onprogress: () => (batches += 1) }).getReader();
  await reader.read();
  // Served in order, these would come after the megabyte.
  for (let i = 0; i < 5; i += 1) await translator.translate("Hello.");
  assert.ok(batches <= 3, `${batches} batches were translated for a reader that took one`);
  await reader.cancel();
});

test("progress grows to the whole", async () => {
  /** @type {import("../../pkg/index.js").Progress[]} */
  const steps = [];
  const translation = await translator.translate(TEXT, { onprogress: (progress) => steps.push(progress) });
  assert.ok(steps.length > 2);
  for (const [i, step] of steps.entries()) {
    assert.ok(translation.startsWith(step.text));
    assert.ok(i === 0 || (step.done >= steps[i - 1].done && step.text.length >= steps[i - 1].text.length));
    assert.equal(step.total, 18);
    assert.equal(step.index, 0);
  }
  assert.equal(steps.at(-1)?.done, 18);
  assert.equal(steps.at(-1)?.text, translation);
});

test("progress of an array tells which text", async () => {
  /** @type {string[]} */
  const texts = [];
  const last = { done: 0, total: 0 };
  const translations = await translator.translate(["One house.", TEXT, "", "Two houses."], {
    onprogress: (progress) => {
      texts[progress.index] = progress.text;
      Object.assign(last, progress);
    },
  });
  assert.deepEqual([texts[0], texts[1], texts[2] ?? "", texts[3]], translations);
  assert.equal(last.done, 20);
  assert.equal(last.total, 20);
});

test("more texts than are kept split come out as they do alone, in their order", async () => {
  const sentences = ["Hello.", "7. 8.", "\ud800 12", "", "34"];
  const texts = Array.from({ length: 1_500 }, (_, i) => sentences[i % sentences.length]);
  /** @type {import("../../pkg/index.js").Progress[]} */
  const told = [];
  const translations = await translator.translate(texts, { beam: 1, onprogress: (progress) => told.push(progress) });
  const alone = await Promise.all(sentences.map((text) => translator.translate(text, { beam: 1 })));
  assert.deepEqual(translations, texts.map((_, i) => alone[i % alone.length]));
  assert.equal(new Set(told.map(({ total }) => total)).size, 1);
  for (const [i, { done }] of told.entries()) assert.ok(i === 0 || done >= told[i - 1].done);
  // A text may be told of twice, but none after one of a later group.
  for (const [i, { index }] of told.entries()) assert.ok(i === 0 || index > told[i - 1].index - 16);
  assert.equal(told.at(-1)?.done, told[0].total);
});

test("what onprogress throws rejects the call", async () => {
  const oops = new Error("oops");
  const onprogress = () => {
    throw oops;
  };
  await assert.rejects(translator.translate(TEXT, { onprogress }), oops);
  await assert.rejects(translator.translateStreaming(TEXT, { onprogress }).getReader().closed, oops);
});

test("ranges are sound", async () => {
  const text = "I 😀 like the café, and \u{20000} too. See https://example.org/😀 for 3 more!\r\n\r\n中文 stays. Ｗｉｄｅ letters?";
  const { text: translation, sentences, engine } = await translator.translateDetailed(text);
  assert.equal(translation, await translator.translate(text));
  assert.ok(sentences.length >= 3);
  let [from, to] = [0, 0];
  for (const { source, target, translated, score, alignment } of sentences) {
    assert.ok(from <= source.start && source.start < source.end && source.end <= text.length);
    assert.ok(to <= target.start && target.start <= target.end && target.end <= translation.length);
    // Code units in step with characters: no range cuts a pair in two.
    assert.ok(text.slice(source.start, source.end).isWellFormed());
    assert.ok(translation.slice(target.start, target.end).isWellFormed());
    [from, to] = [source.end, target.end];
    if (!translated) assert.equal(translation.slice(target.start, target.end), text.slice(source.start, source.end));
    assert.ok(translated ? Number.isFinite(score) && score < 0 : score === 0);
    assert.equal(alignment !== null, translated);
    if (!alignment) continue;
    assert.ok(alignment.weights instanceof Float32Array);
    const columns = alignment.source.length;
    assert.equal(alignment.weights.length, alignment.target.length * columns);
    for (const [ranges, whole, all] of /** @type {const} */ ([
      [alignment.source, source, text],
      [alignment.target, target, translation],
    ])) {
      for (const { start, end } of ranges) {
        assert.ok(whole.start <= start && start <= end && end <= whole.end);
        assert.ok(all.slice(start, end).isWellFormed());
      }
    }
    for (let row = 0; row < alignment.target.length; row += 1) {
      const weights = alignment.weights.subarray(row * columns, (row + 1) * columns);
      assert.ok(weights.every((weight) => weight >= 0));
      assert.ok(weights.reduce((sum, weight) => sum + weight, 0) < 1.001);
    }
  }
  assert.equal(engine.backend, "cpu");
  assert.match(engine.instructions, /^(relaxed-simd|simd128)$/);
  assert.ok(engine.milliseconds > 0);
  assert.ok(engine.words > 10);
  const plain = await translator.translateDetailed(text, { alignment: false });
  assert.ok(plain.sentences.every(({ alignment }) => alignment === null));
});

test("halves of surrogate pairs do no harm, and return where they are copied", async () => {
  const HALVES = ["\ud800", "\udfff"];
  for (const half of HALVES) {
    assert.equal(await translator.translate(`${half} 1\n`), `${half} 1\n`);
    const text = `The water is cold.\n${half} https://example.org/ \ufffd\n\n${half}${half}The house is ${half}big. ${half}`;
    const { text: translation, sentences } = await translator.translateDetailed(text);
    assert.ok(translation.includes(`\n${half} https://example.org/ \ufffd\n\n`), JSON.stringify(translation));
    assert.ok(sentences.every(({ source }) => source.end <= text.length));
    let streamed = "";
    for await (const part of translator.translateStreaming(text)) streamed += part;
    assert.equal(streamed, translation);
    assert.deepEqual(await translator.translate([text, "Hello."]), [translation, await translator.translate("Hello.")]);
  }
});

test("control characters and other oddities are survived", async () => {
  const odd = ["\0\u0001\u0002", "\u202e\u2066\u200d\ufeff", "a\u0300".repeat(500), "\u{e0001}\u{10ffff}", "x".repeat(5_000), "\r".repeat(99)];
  for (const text of odd) assert.equal(typeof (await translator.translate(`Hello ${text} world.`)), "string");
});

test("a megabyte can be stopped at once", async () => {
  const reason = new Error("enough");
  const stop = new AbortController();
  const { emit } = Worker.prototype;
  let messages = 0;
  Worker.prototype.emit = /** @this {Worker} @param {string | symbol} name @param {any[]} values */ function (name, ...values) {
    if (name === "message") messages += 1;
    return emit.call(this, name, ...values);
  };
  try {
    const long = translator.translate(LONG, { signal: stop.signal, onprogress: () => stop.abort(reason) });
    const behind = translator.translate("Hello.");
    await assert.rejects(long, reason);
    await behind;
  } finally {
    Worker.prototype.emit = emit;
  }
  // A few batches of thousands, and the other translation.
  assert.ok(messages < 20, `the worker sent ${messages} messages`);
});

test("signals: before, and in the queue", async () => {
  const reason = new Error("never mind");
  const aborted = AbortSignal.abort(reason);
  await assert.rejects(translator.translate("Hello.", { signal: aborted }), reason);
  await assert.rejects(translator.translateDetailed("Hello.", { signal: aborted }), reason);
  await assert.rejects(translator.measureInputUsage("Hello.", { signal: aborted }), reason);
  await assert.rejects(translator.translateStreaming("Hello.", { signal: aborted }).getReader().read(), reason);
  const stop = new AbortController();
  const first = translator.translate(TEXT);
  const second = translator.translate(TEXT, { signal: stop.signal });
  const stream = translator.translateStreaming(TEXT, { signal: stop.signal }).getReader().read();
  stop.abort(reason);
  await assert.rejects(second, reason);
  await assert.rejects(stream, reason);
  assert.match(await first, /\p{Script=Han}/u);
});

test("the beam is checked", async () => {
  for (const beam of [0, -1, 1.5, Number.NaN, /** @type {any} */ ("2")]) {
    await assert.rejects(translator.translate("Hello.", { beam }), RangeError);
    await assert.rejects(translator.translateStreaming("Hello.", { beam }).getReader().read(), RangeError);
  }
  assert.equal(typeof (await translator.translate("The water is cold.", { beam: 4 })), "string");
});

test("there is no quota", async () => {
  assert.equal(translator.inputQuota, Infinity);
  assert.equal(await translator.measureInputUsage(LONG), 0);
  const stop = new AbortController();
  const measured = translator.measureInputUsage(LONG, { signal: stop.signal });
  stop.abort();
  await assert.rejects(measured, { name: "AbortError" });
});
