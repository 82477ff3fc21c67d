import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { gzipSync } from "node:zlib";

import { Translator } from "../../pkg/index.js";
import { unpacked } from "../../pkg/lib/bundle.js";
import { parseRegistry } from "../../pkg/lib/registry.js";
import { entry, folder, local, manifestPath, sha256, site, weights } from "./support.mjs";

const TEXT = "The water is cold.";
const german = { sourceLanguage: "de", targetLanguage: "en" };

/** @param {string} name @param {RegExp} [message] */
const rejection = (name, message = /./) => (/** @type {unknown} */ error) =>
  error instanceof DOMException && error.name === name && message.test(error.message);

/** What the local model makes of the text: every model in these tests has its weights. */
async function expected() {
  const translator = await Translator.create(local);
  const translation = await translator.translate(TEXT);
  translator.destroy();
  return translation;
}

test("files that the caller has are used, and not kept", async (t) => {
  const cacheFolder = await folder(t);
  for (const model of [weights, new Blob([weights]), Uint8Array.from(weights).buffer, new Uint8Array(gzipSync(weights, { level: 1 }))]) {
    const translator = await Translator.create({ ...german, cacheFolder, files: { model } });
    assert.equal(await translator.translate(TEXT), await expected());
    assert.equal(translator.sourceLanguage, "de");
    translator.destroy();
  }
  assert.ok(weights.length > 1_000_000, "what is given stays the caller's");
  assert.equal((await Translator.directions({ models: manifestPath, cacheFolder })).length, 1);
});

test("a model that is added is there from then on, comes first, and can be removed", async (t) => {
  const { options, asked, stop } = await site(t);
  await assert.rejects(Translator.create({ ...options, ...german }), rejection("NotSupportedError", /de to en/));
  await Translator.add({ ...options, ...german, licence: "mine", files: { model: new Blob([weights]) } });
  assert.equal(await Translator.availability({ ...options, ...german }), "available");
  const [first, second, third] = await Translator.directions(options);
  assert.deepEqual(first, { id: "added:given-de-en", ...german, bytes: weights.length, stored: true, licence: "mine", added: true });
  assert.deepEqual([second.sourceLanguage, second.stored, second.added], ["en", false, undefined]);
  assert.deepEqual([third.sourceLanguage, third.targetLanguage, third.via, third.stored], ["de", "zh", "en", false]);
  await stop();
  const translator = await Translator.create({ ...options, ...german });
  assert.equal(await translator.translate(TEXT), await expected());
  translator.destroy();
  assert.equal((await Translator.directions(options)).length, 1, "without a network there are only those on this device");
  // What is not among them may be in the list that cannot be had.
  await assert.rejects(Translator.availability(options), rejection("NetworkError"));
  await assert.rejects(Translator.create(options), rejection("NetworkError"));
  await Translator.remove({ ...options, ...german });
  await assert.rejects(Translator.directions(options), rejection("NetworkError"));
  assert.ok(asked.every((name) => name === "manifest.json"));
});

test("of two models for a direction, each is used and removed by its name", async (t) => {
  const { options, asked } = await site(t);
  const fetched = () => asked.filter((name) => name === entry.file).length;
  await Translator.add({ ...options, files: { model: new Blob([weights]) } });
  const listed = async () => (await Translator.directions(options)).map(({ id, stored }) => [id, stored]);
  assert.deepEqual(await listed(), [["added:given-en-zh", true], [entry.id, false]]);
  const unnamed = await Translator.create(options);
  unnamed.destroy();
  assert.equal(fetched(), 0, "the one that was added comes first");

  assert.equal(await Translator.availability({ ...options, id: entry.id }), "downloadable");
  const named = await Translator.create({ ...options, id: entry.id });
  assert.equal(await named.translate(TEXT), await expected());
  named.destroy();
  assert.equal(fetched(), 1);
  await Translator.remove({ ...options, id: entry.id });
  assert.deepEqual(await listed(), [["added:given-en-zh", true], [entry.id, false]], "what was added stays");
  await Translator.remove({ ...options, id: "added:given-en-zh" });
  assert.deepEqual(await listed(), [[entry.id, false]]);
  await assert.rejects(Translator.create({ ...options, id: "added:given-en-zh" }), rejection("NotSupportedError"));
  await Translator.remove({ ...options, id: "nobody" });
});

test("what is no model is refused and not kept", async (t) => {
  const cacheFolder = await folder(t);
  const marian = new Uint8Array(64);
  marian[0] = 1;
  for (const [what, files, name] of /** @type {[string, any, string][]} */ ([
    ["noise", { model: new Uint8Array(1_000).fill(7) }, "DataError"],
    ["nothing", { model: new Uint8Array() }, "DataError"],
    ["a packed file cut short", { model: new Uint8Array(gzipSync(weights.subarray(0, 9_999)).subarray(0, 500)) }, "DataError"],
    ["Marian's weights alone", { model: marian }, "DataError"],
    ["a file that is not there", { model: "/nowhere/model.bin" }, "NetworkError"],
  ])) {
    await assert.rejects(Translator.add({ ...german, cacheFolder, files }), rejection(name), what);
    await assert.rejects(Translator.create({ ...german, cacheFolder, files }), rejection(name), what);
  }
  for (const files of [{}, null, { model: 42 }]) {
    await assert.rejects(Translator.add({ ...german, cacheFolder, files: /** @type {any} */ (files) }), TypeError);
  }
  assert.equal((await Translator.directions({ models: manifestPath, cacheFolder })).length, 1);
});

test("a packed file may not hold more than expected", async () => {
  const packed = new Uint8Array(gzipSync(new Uint8Array(1 << 20)));
  await assert.rejects(unpacked(packed, 1_000), rejection("DataError", /more than the 1000 bytes/));
  assert.equal((await unpacked(packed)).length, 1 << 20);
});

/** One model, as the registry lists them. */
const LISTED = {
  architecture: "base-memory",
  releaseStatus: "Release Desktop",
  sourceLanguage: "de",
  targetLanguage: "en",
  files: {
    model: { path: "models/de-en/model.deen.intgemm.alphas.bin.gz", uncompressedSize: weights.length, uncompressedHash: sha256(weights) },
    lexicalShortlist: { path: "models/de-en/lex.50.50.deen.s2t.bin.gz" },
    vocab: { path: "models/de-en/vocab.deen.spm.gz" },
  },
  modelStatistics: {},
  metrics: { "flores200-plus": { bleu: 38.8 } },
};

/**
 * A server of the registry's shape.
 * @param {import("node:test").TestContext} t
 * @param {Record<string, Uint8Array>} [changed] files in place of the real ones
 */
async function registry(t, changed = {}) {
  /** @type {string[]} */
  const asked = [];
  /** @type {Record<string, Uint8Array | string>} */
  const files = {
    "models/de-en/model.deen.intgemm.alphas.bin.gz": gzipSync(weights, { level: 1 }),
    "models/de-en/lex.50.50.deen.s2t.bin.gz": gzipSync("shortlist"),
    "models/de-en/vocab.deen.spm.gz": gzipSync("vocabulary"),
    ...changed,
  };
  const server = createServer((request, response) => {
    const path = (request.url ?? "").slice(1);
    asked.push(path);
    if (path === "db/models.json") {
      return response.end(JSON.stringify({ generated: "2026-01-01T00:00:00Z", baseUrl, models: { "de-en": [{ ...LISTED, architecture: "tiny", releaseStatus: "Nightly" }, LISTED] } }));
    }
    return files[path] ? response.end(files[path]) : response.writeHead(404).end();
  });
  await new Promise((/** @type {(value: void) => void} */ resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const baseUrl = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}`;
  return { asked, address: `${baseUrl}/db/models.json` };
}

test("a registry is asked only where nothing else serves, and what it gave is kept", async (t) => {
  const { asked, address } = await registry(t);
  const packed = () => asked.filter((path) => path.endsWith(".gz")).length;
  const cacheFolder = await folder(t);
  const options = { models: manifestPath, cacheFolder, registry: address };
  const own = await Translator.create({ ...local, ...options });
  own.destroy();
  await Translator.directions(options);
  assert.deepEqual(asked, [], "nobody asked for it");

  assert.equal(await Translator.availability({ ...options, ...german }), "downloadable");
  const offers = await Translator.registry(options);
  assert.deepEqual(offers.map(({ architecture, released, bytes }) => [architecture, released, bytes > weights.length]), [
    ["base-memory", true, true],
    ["tiny", false, true],
  ]);
  assert.ok(asked.every((path) => path === "db/models.json"));
  /** @type {number[]} */
  const loaded = [];
  const translator = await Translator.create({
    ...options,
    ...german,
    monitor: (monitor) => (monitor.ondownloadprogress = (event) => loaded.push(event.loaded)),
  });
  assert.equal(await translator.translate(TEXT), await expected());
  translator.destroy();
  assert.deepEqual([loaded[0], loaded.at(-1)], [0, 1]);
  assert.equal(packed(), 3);

  const before = asked.length;
  const again = await Translator.create({ ...options, ...german });
  assert.equal(await again.translate(TEXT), await expected());
  again.destroy();
  const [stored] = await Translator.directions(options);
  assert.deepEqual([stored.sourceLanguage, stored.stored, stored.added, stored.licence], ["de", true, true, "MPL 2.0"]);
  assert.equal(asked.length, before, "the second time nothing is asked");
  assert.equal((await Translator.registry(options)).length, 1, "what is here is not offered");
  await Translator.remove({ ...options, ...german });
  assert.equal((await Translator.registry(options)).length, 2);
});

test("what a registry delivers is checked", async (t) => {
  const model = "models/de-en/model.deen.intgemm.alphas.bin.gz";
  const damaged = Uint8Array.from(weights);
  damaged[500_000] ^= 1;
  for (const [content, message] of /** @type {[Uint8Array, RegExp][]} */ ([
    [gzipSync(damaged, { level: 1 }), /its SHA-256 is/],
    [gzipSync(weights.subarray(1), { level: 1 }), /it has \d+ bytes, not/],
    [gzipSync(Buffer.concat([weights, weights.subarray(0, 99)]), { level: 1 }), /more than the \d+ bytes expected/],
    [gzipSync(weights, { level: 1 }).subarray(0, 50_000), /is not the one in the registry/],
  ])) {
    const { address } = await registry(t, { [model]: content });
    const options = { ...german, models: manifestPath, cacheFolder: await folder(t), registry: address };
    await assert.rejects(Translator.create(options), rejection("DataError", message));
    assert.equal(await Translator.availability(options), "downloadable");
  }
  const { address } = await registry(t, { [model]: /** @type {any} */ (undefined) });
  const options = { ...german, models: manifestPath, cacheFolder: await folder(t), registry: address };
  await assert.rejects(Translator.create(options), rejection("NetworkError", /404/));
});

test("a registry with oddities is read as far as it can be understood", () => {
  const address = "https://example.org/db/models.json";
  for (const json of ["", "[]", "{}", '{"models":[]}', '{"models":{},"baseUrl":"http://["}']) {
    assert.throws(() => parseRegistry(json, address), rejection("DataError"), json);
  }
  const odd = [
    null,
    42,
    { ...LISTED, sourceLanguage: "not a tag" },
    { ...LISTED, files: { ...LISTED.files, vocab: undefined } },
    { ...LISTED, files: { ...LISTED.files, model: { path: "m", uncompressedHash: "short" } } },
    { ...LISTED, files: { ...LISTED.files, model: { ...LISTED.files.model, path: "file:///etc/passwd" } } },
  ];
  const { vocab, lexicalShortlist, ...rest } = LISTED.files;
  const split = { ...LISTED, targetLanguage: "zh_Hant", files: { ...rest, srcVocab: { path: "s" }, trgVocab: { path: "t" } } };
  const offers = parseRegistry(JSON.stringify({ models: { "de-en": [...odd, { ...LISTED, architecture: "new" }], "de-zh": [split] } }), address);
  assert.deepEqual(offers.map(({ entry, downloads }) => [entry.target, downloads.map(({ role }) => role)]), [
    ["zh-Hant", ["model", "sourceVocabulary", "targetVocabulary"]],
    ["en", ["model", "sourceVocabulary", "shortlist"]],
  ]);
  assert.equal(offers[0].downloads[1].address, "https://example.org/db/s");
  assert.ok(vocab.path && lexicalShortlist.path);
});
