import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { pathToFileURL } from "node:url";
import { join } from "node:path";
import { test } from "node:test";

import { local, manifestPath, root, site } from "./support.mjs";

// Every worker that the package starts, so that tests can hurt it.
const threads = process.getBuiltinModule("node:worker_threads");
/** @type {import("node:worker_threads").Worker[]} */
const workers = [];
threads.Worker = class extends threads.Worker {
  /** @param {URL} script @param {import("node:worker_threads").WorkerOptions} options */
  constructor(script, options) {
    super(script, options);
    workers.push(this);
  }
};
const { Translator } = await import("../../pkg/index.js");

/** @param {string} name */
const named = (name) => (/** @type {unknown} */ error) => error instanceof DOMException && error.name === name;

test("tags are checked, made canonical and kept", async () => {
  for (const tag of ["", "e", "en_US", "toolongalanguage", "en-", "-", "中文", null, 7]) {
    const options = { ...local, sourceLanguage: /** @type {any} */ (tag) };
    await assert.rejects(Translator.create(options), RangeError, String(tag));
    await assert.rejects(Translator.availability(options), RangeError, String(tag));
    await assert.rejects(Translator.remove({ ...local, targetLanguage: /** @type {any} */ (tag) }), RangeError, String(tag));
  }
  for (const options of [undefined, null, {}, { sourceLanguage: "en" }]) {
    await assert.rejects(Translator.create(/** @type {any} */ (options)), TypeError);
  }
  const translator = await Translator.create({ ...local, sourceLanguage: "EN-gb", targetLanguage: "zh-cn" });
  assert.equal(translator.sourceLanguage, "en-GB");
  assert.equal(translator.targetLanguage, "zh-CN");
  translator.destroy();
});

test("pairs without a model are refused by name", async () => {
  for (const targetLanguage of ["de", "zh-TW", "zh-Hant", "en"]) {
    const options = { ...local, targetLanguage };
    assert.equal(await Translator.availability(options), "unavailable");
    await assert.rejects(Translator.create(options), (error) => {
      assert.match(String(error), new RegExp(`en to ${targetLanguage}; available: en to zh`));
      return named("NotSupportedError")(error);
    });
  }
});

test("the constructor is not for others", () => {
  assert.throws(() => new /** @type {any} */ (Translator)(), TypeError);
});

test("after destroy() every call is refused, and those under way", async () => {
  const translator = await Translator.create(local);
  const pending = [translator.translate("Hello."), translator.translateDetailed("Hello."), translator.translate(["Hello."])];
  const reader = translator.translateStreaming("Hello.").getReader();
  translator.destroy();
  for (const call of pending) await assert.rejects(call, named("AbortError"));
  await assert.rejects(reader.read(), named("AbortError"));
  translator.destroy();
  for (const call of [
    () => translator.translate("Hello."),
    () => translator.translate([]),
    () => translator.translateDetailed("Hello."),
    () => translator.measureInputUsage("Hello."),
    () => translator.translateStreaming("Hello.").getReader().read(),
  ]) {
    await assert.rejects(call(), named("AbortError"));
  }
});

test("the signal of creation destroys with its reason", async () => {
  const stop = new AbortController();
  const reason = new Error("over");
  const translator = await Translator.create({ ...local, signal: stop.signal });
  const pending = translator.translate("Hello.");
  stop.abort(reason);
  await assert.rejects(pending, reason);
  await assert.rejects(translator.translate("Hello."), reason);
  await assert.rejects(Translator.create({ ...local, signal: stop.signal }), reason);
});

test("translators of a model share a worker, which ends with the last", async () => {
  const before = workers.length;
  const [one, other] = await Promise.all([Translator.create(local), Translator.create(local)]);
  assert.equal(workers.length, before + 1);
  const worker = workers[before];
  const pending = other.translate("Hello.");
  one.destroy();
  await pending;
  await other.translate("Hello.");
  const ended = new Promise((resolve) => worker.once("exit", resolve));
  other.destroy();
  await ended;
});

test("the monitor is told of 0 and 1, and what it throws rejects", async () => {
  /** @type {number[]} */
  const loaded = [];
  const translator = await Translator.create({
    ...local,
    monitor(monitor) {
      monitor.addEventListener("downloadprogress", (event) => loaded.push(/** @type {ProgressEvent} */ (event).loaded));
    },
  });
  assert.deepEqual(loaded, [0, 1]);
  const oops = new Error("oops");
  const monitor = () => {
    throw oops;
  };
  await assert.rejects(Translator.create({ ...local, monitor }), oops);
  translator.destroy();
});

test("the worker hears of a cancellation between batches", async () => {
  const translator = await Translator.create(local);
  const worker = workers.at(-1);
  let parts = 0;
  worker?.on("message", ({ type }) => (parts += type === "part" ? 1 : 0));
  const texts = Array.from({ length: 640 }, (_, i) => `Good morning, number ${i}.`);
  const stop = new AbortController();
  const long = translator.translate(texts, { beam: 1, signal: stop.signal, onprogress: () => stop.abort() });
  const behind = translator.translate("Hello.");
  await assert.rejects(long, named("AbortError"));
  await behind;
  assert.ok(parts > 0 && parts < texts.length / 2, `${parts} texts were translated, all but a few of them for nobody`);
  translator.destroy();
});

test("the worker hears of a cancellation while it counts the sentences of a large request", async () => {
  const translator = await Translator.create(local);
  const worker = /** @type {import("node:worker_threads").Worker} */ (workers.at(-1));
  let parts = 0;
  worker.on("message", ({ type, id }) => (parts += type === "part" && id === -1 ? 1 : 0));
  const texts = Array.from({ length: 100_000 }, (_, i) => `Good morning, number ${i}. The water is cold. Nobody is at home.`);
  worker.postMessage({ type: "translate", id: -1, texts, live: true });
  worker.postMessage({ type: "cancel", id: -1 });
  await translator.translate("Hello.");
  assert.equal(parts, 0, "it was heard only after something had been translated");
  translator.destroy();
});

test("a worker that dies takes its calls along, and the next call starts another", async () => {
  const translator = await Translator.create(local);
  const expected = await translator.translate("The water is cold.");
  const before = workers.length;
  const long = translator.translate(Array.from({ length: 5_000 }, (_, i) => `There are ${i} of them.`));
  const stream = translator.translateStreaming("The water is cold. ").getReader();
  const queued = translator.translate("Hello.");
  // Handlers before the end, because they all fail together.
  const failures = [long, stream.read(), queued].map((call) => assert.rejects(call, named("OperationError")));
  await workers[before - 1].terminate();
  await Promise.all(failures);
  assert.equal(await translator.translate("The water is cold."), expected);
  assert.equal(workers.length, before + 1);
  translator.destroy();
});

test("an engine that throws is not used again", async () => {
  const translator = await Translator.create(local);
  const before = workers.length;
  // No string: the engine throws in the middle of its work.
  workers[before - 1].postMessage({ type: "translate", id: -1, texts: [null] });
  const calls = [translator.translate("Hello."), translator.translate("Hello.")];
  await Promise.all(calls.map((call) => assert.rejects(call, named("OperationError"))));
  assert.equal(typeof (await translator.translate("Hello.")), "string");
  assert.equal(workers.length, before + 1);
  translator.destroy();
});

test("a worker that dies is replaced even if its weights must be fetched again", async (t) => {
  const { options, asked } = await site(t);
  const translator = await Translator.create(options);
  await workers.at(-1)?.terminate();
  assert.equal(typeof (await translator.translate("Hello.")), "string");
  assert.equal(asked.length, 2);
  translator.destroy();
});

test("a process ends by itself, translator destroyed or not", () => {
  const script = `
    import { Translator } from ${JSON.stringify(pathToFileURL(join(root, "pkg", "index.js")).href)};
    const translator = await Translator.create({ sourceLanguage: "en", targetLanguage: "zh", models: ${JSON.stringify(manifestPath)} });
    console.log(await translator.translate("12"));
  `;
  const { status, stdout, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", script], { encoding: "utf8", timeout: 60_000 });
  assert.deepEqual({ status, stdout, stderr }, { status: 0, stdout: "12\n", stderr: "" });
});
