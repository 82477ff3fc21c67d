import assert from "node:assert/strict";
import { readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { Translator } from "../../pkg/index.js";
import { fetchBytes } from "../../pkg/lib/download.js";
import { changed, entry, manifest, sha256, site, weights } from "./support.mjs";

/** @param {string} name @param {RegExp} [message] */
function rejection(name, message = /./) {
  return (/** @type {unknown} */ error) => {
    assert.ok(error instanceof DOMException, String(error));
    assert.equal(error.name, name, error.message);
    assert.match(error.message, message);
    return true;
  };
}

/** @param {string} path @returns {Promise<string[]>} names of all files below a folder */
async function filesIn(path) {
  const entries = await readdir(path, { recursive: true, withFileTypes: true });
  return entries.filter((file) => file.isFile()).map((file) => file.name);
}

/** @param {{ cacheFolder: string }} options @param {(name: string) => boolean} chosen @param {string | Uint8Array} content */
async function overwrite({ cacheFolder }, chosen, content) {
  const entries = await readdir(cacheFolder, { recursive: true, withFileTypes: true });
  const found = entries.filter((file) => file.isFile() && chosen(file.name));
  assert.equal(found.length, 1);
  await writeFile(join(found[0].parentPath ?? found[0].path, found[0].name), content);
}

test("the second visit downloads nothing, and needs no network", async (t) => {
  const { options, asked, stop } = await site(t);
  assert.equal(await Translator.availability(options), "downloadable");
  /** @type {number[]} */
  const loaded = [];
  const first = await Translator.create({
    ...options,
    monitor: (monitor) => (monitor.ondownloadprogress = (event) => loaded.push(event.loaded)),
  });
  const expected = await first.translate("The water is cold.");
  first.destroy();
  assert.equal(loaded[0], 0);
  assert.equal(loaded.at(-1), 1);
  assert.deepEqual(loaded, [...new Set(loaded)].sort((a, b) => a - b));

  assert.equal(await Translator.availability(options), "available");
  const second = await Translator.create(options);
  assert.equal(await second.translate("The water is cold."), expected);
  second.destroy();
  assert.deepEqual(asked.filter((name) => name !== "manifest.json"), [entry.file]);

  await stop();
  assert.equal(await Translator.availability(options), "available");
  const [stored] = await Translator.directions(options);
  const card = entry.card && { card: new URL(entry.card, options.models).href };
  const { id, bytes, licence } = entry;
  assert.deepEqual(stored, { id, sourceLanguage: "en", targetLanguage: "zh", bytes, stored: true, licence, ...card });
  const third = await Translator.create(options);
  assert.equal(await third.translate("The water is cold."), expected);
  third.destroy();

  await Translator.remove(options);
  assert.deepEqual(await filesIn(options.cacheFolder), []);
  await assert.rejects(Translator.create(options), rejection("NetworkError"));
});

test("weights that are not what the manifest says are refused and not kept", async (t) => {
  const flipped = Uint8Array.from(weights);
  flipped[flipped.length >> 1] ^= 1;
  const noise = Uint8Array.from(weights.subarray(0, 1_000)).reverse();
  for (const [what, content, message] of /** @type {const} */ ([
    ["one bit flipped", { weights: flipped }, /its SHA-256 is [0-9a-f]{64}, not/],
    ["truncated", { weights: weights.subarray(0, -1) }, new RegExp(`it has ${entry.bytes - 1} bytes, not ${entry.bytes}`)],
    ["empty", { weights: new Uint8Array() }, /it has 0 bytes/],
    ["too long", { weights: new Uint8Array([...weights, 0]) }, /longer than the \d+ bytes expected/],
    ["another hash in the manifest", { manifest: changed({ sha256: "0".repeat(64) }) }, /not 0{64}/],
    // Hash and size are right, but they are no weights.
    ["noise", { weights: noise, manifest: changed({ bytes: noise.length, sha256: sha256(noise) }) }, /the weights file cannot be used/],
  ])) {
    const { options } = await site(t, content);
    await assert.rejects(Translator.create(options), rejection("DataError", message), what);
    if (what === "noise") continue;
    assert.deepEqual(await filesIn(options.cacheFolder), [], what);
    assert.equal(await Translator.availability(options), "downloadable");
  }
});

test("what cannot be fetched is a NetworkError that says why", async (t) => {
  const gone = await site(t);
  await gone.stop();
  for (const call of [Translator.create, Translator.availability, Translator.directions]) {
    await assert.rejects(call(gone.options), rejection("NetworkError", /list of models .*manifest\.json.* cannot be fetched/));
  }
  const missing = await site(t);
  delete missing.answers[entry.file];
  await assert.rejects(Translator.create(missing.options), rejection("NetworkError", /weights file .* the server answered 404/));
  const broken = await site(t);
  broken.answers[entry.file] = (response) => {
    response.writeHead(200, { "content-length": weights.length });
    response.write(weights.subarray(0, 70_000), () => response.destroy());
  };
  await assert.rejects(Translator.create(broken.options), rejection("NetworkError", /weights file .* cannot be fetched/));
  await assert.rejects(Translator.create({ ...gone.options, models: "/no/such/manifest.json" }), rejection("NetworkError", /ENOENT/));
  // Where it failed, it can be tried again.
  broken.answers[entry.file] = (response) => response.end(weights);
  (await Translator.create(broken.options)).destroy();
});

test("a server that falls silent is given up", async (t) => {
  const { options, answers } = await site(t);
  const silent = [
    () => {},
    (/** @type {import("node:http").ServerResponse} */ response) => void response.writeHead(200).write("{"),
  ];
  for (const answer of silent) {
    answers["manifest.json"] = answer;
    const fetching = fetchBytes(options.models, { what: "the list", limit: 100, patience: 50 });
    await assert.rejects(fetching, rejection("NetworkError", /no answer for 0.05 seconds/));
  }
});

test("a manifest that is none is refused, unless a stored model can do without it", async (t) => {
  const { options, answers } = await site(t);
  const bad = [
    "",
    "<!doctype html>",
    "null",
    "[]",
    "{}",
    JSON.stringify({ version: 2, models: [] }),
    JSON.stringify({ version: 1, models: {} }),
    JSON.stringify({ version: 1, models: [null] }),
    JSON.stringify({ version: 1, models: [entry, entry] }),
    ...[
      { id: "" },
      { id: 3 },
      { source: "e" },
      { target: undefined },
      { file: "../secret" },
      { file: "/etc/passwd" },
      { file: "https://example.org/a" },
      { file: "a\\b" },
      { card: "../secret.md" },
      { card: "https://example.org/a.md" },
      { card: "" },
      { card: 3 },
      { bytes: -1 },
      { bytes: 1.5 },
      { bytes: "12" },
      { bytes: 2 ** 40 },
      { sha256: "abc" },
      { sha256: entry.sha256.toUpperCase() },
    ].map((changes) => JSON.stringify(changed(changes))),
  ];
  for (const body of bad) {
    answers["manifest.json"] = (response) => response.end(body);
    await assert.rejects(Translator.create(options), rejection("DataError", /The list of models cannot be used/), body);
  }
  answers["manifest.json"] = (response) => response.end(JSON.stringify(manifest));
  (await Translator.create(options)).destroy();
  for (const body of bad) {
    answers["manifest.json"] = (response) => response.end(body);
    assert.equal(await Translator.availability(options), "available", body);
  }
  answers["manifest.json"] = (response) => response.end(JSON.stringify({ version: 1, models: [] }));
  assert.equal(await Translator.availability(options), "unavailable");
});

test("creations at the same time share a download, and each can give up", async (t) => {
  const { options, answers, asked } = await site(t);
  /** @type {(value?: unknown) => void} */
  let proceed = () => {};
  const go = new Promise((resolve) => (proceed = resolve));
  answers[entry.file] = async (response) => {
    response.write(weights.subarray(0, 100_000));
    await go;
    response.end(weights.subarray(100_000));
  };
  const stop = new AbortController();
  const reason = new Error("no more");
  const begun = new Promise((resolve) => {
    void Translator.create({
      ...options,
      signal: stop.signal,
      monitor: (monitor) => (monitor.ondownloadprogress = ({ loaded }) => loaded > 0 && resolve(loaded)),
    }).then(resolve, resolve);
  });
  const one = Translator.create(options);
  const other = Translator.create(options);
  assert.ok(Number(await begun) < 1);
  assert.equal(await Translator.availability(options), "downloading");
  stop.abort(reason);
  proceed();
  const translators = await Promise.all([one, other]);
  assert.equal(asked.filter((name) => name === entry.file).length, 1);
  for (const translator of translators) translator.destroy();
});

test("a download that nobody waits for any more is stopped", async (t) => {
  const { options, answers } = await site(t);
  const stop = new AbortController();
  const closed = new Promise((resolve) => {
    answers[entry.file] = (response) => {
      response.write(weights.subarray(0, 100_000));
      response.on("close", resolve);
      stop.abort(new Error("no more"));
    };
  });
  await assert.rejects(Translator.create({ ...options, signal: stop.signal }), /no more/);
  await closed;
  assert.equal(await Translator.availability(options), "downloadable");
  assert.deepEqual(await filesIn(options.cacheFolder), []);
});

test("a new version replaces the old one, which serves until then", async (t) => {
  const { options, answers, stop } = await site(t);
  (await Translator.create(options)).destroy();
  const broken = changed({ sha256: "0".repeat(64) });
  answers["manifest.json"] = (response) => response.end(JSON.stringify(broken));
  assert.equal(await Translator.availability(options), "downloadable");
  await assert.rejects(Translator.create(options), rejection("DataError"));

  // The same weights under another name need no download.
  const renamed = changed({ file: "en-zh.2.safetensors", licence: "another" });
  answers["manifest.json"] = (response) => response.end(JSON.stringify(renamed));
  assert.equal(await Translator.availability(options), "available");

  await stop();
  const [stored] = await Translator.directions(options);
  assert.equal(stored.licence, entry.licence);
  (await Translator.create(options)).destroy();
});

test("old versions are removed after a download", async (t) => {
  const { options } = await site(t);
  (await Translator.create(options)).destroy();
  const [folder] = await readdir(options.cacheFolder);
  const old = [`${entry.id}~${"1".repeat(64)}`, `${entry.id}~${"1".repeat(64)}.json`];
  const other = `${entry.id}-tiny~${"1".repeat(64)}`;
  for (const name of [...old, other]) await writeFile(join(options.cacheFolder, folder, name), "{}");
  await Translator.remove(options);
  (await Translator.create(options)).destroy();
  const names = (await filesIn(options.cacheFolder)).sort();
  assert.deepEqual(names, [other, `${entry.id}~${entry.sha256}`, `${entry.id}~${entry.sha256}.json`].sort());
});

test("stored weights that have been damaged are downloaded again", async (t) => {
  const { options, asked } = await site(t);
  (await Translator.create(options)).destroy();
  await overwrite(options, (name) => name.endsWith(entry.sha256), weights.subarray(1));
  (await Translator.create(options)).destroy();
  assert.equal(asked.filter((name) => name === entry.file).length, 2);
  (await Translator.create(options)).destroy();
  assert.equal(asked.filter((name) => name === entry.file).length, 2);

  await overwrite(options, (name) => name.endsWith(".json"), "{");
  assert.equal(await Translator.availability(options), "available");
});

test("without room to store, translating goes on", async (t) => {
  const { options, asked } = await site(t);
  // A file where the folder should be.
  await rm(options.cacheFolder, { recursive: true });
  await writeFile(options.cacheFolder, "");
  const translator = await Translator.create(options);
  assert.equal(typeof (await translator.translate("The water is cold.")), "string");
  translator.destroy();
  assert.equal(await Translator.availability(options), "downloadable");
  assert.deepEqual(asked, ["manifest.json", entry.file, "manifest.json"]);
});
