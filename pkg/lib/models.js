/** Models: which there are, and their weights, from the store or over the network, never unchecked. */

import { exception } from "./errors.js";
import { fetchBytes, PATIENCE } from "./download.js";
import { find, readManifest, weightsAddress } from "./manifest.js";
import { absolute } from "./platform.js";
import { native, Sha256, sha256 } from "./sha256.js";
import { storeFor } from "./store.js";

/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {import("./store.js").Store} Store */

/** How long a manifest may take, in milliseconds, when the stored models could do without it. */
const SHORT_PATIENCE = 4_000;

/**
 * A model and where it comes from.
 * @typedef {object} Model
 * @property {string} manifest address of its manifest
 * @property {Entry} entry
 * @property {Store} store
 */

/**
 * The models of a source: those of its manifest, or, where that cannot be had, those stored on this device.
 * @param {import("../index.d.ts").SourceOptions} options
 * @returns {Promise<Model[]>}
 * @throws {DOMException} NetworkError or DataError if the manifest cannot be had and nothing is stored
 */
export async function models({ models: address, cacheFolder } = {}) {
  const manifest = absolute(address ?? defaultManifest());
  const store = await storeFor(manifest, cacheFolder);
  const stored = await store.entries();
  const entries = await readManifest(manifest, stored.length > 0 ? SHORT_PATIENCE : PATIENCE).catch((error) => {
    if (stored.length === 0) throw error;
    return stored;
  });
  return entries.map((entry) => ({ manifest, entry, store }));
}

/** `models/manifest.json` beside this package; no `new URL(...)` that bundlers would try to resolve. */
function defaultManifest() {
  return import.meta.url.replace(/lib\/[^/]*$/, "models/manifest.json");
}

/**
 * The model for a direction.
 * @param {Model[]} all
 * @param {string} from
 * @param {string} to
 * @returns {Model | undefined}
 */
export function choose(all, from, to) {
  const entry = find(all.map((model) => model.entry), from, to);
  return all.find((model) => model.entry === entry);
}

/**
 * Whether the weights of a model are on this device.
 * @param {Model} model
 */
export async function isStored({ manifest, entry, store }) {
  return manifest.startsWith("file:") || store.has(entry);
}

/**
 * The weights of a model, checked. Downloads them where they are not stored, and stores them if there is room.
 * @param {Model} model
 * @param {AbortSignal} signal
 * @param {(loaded: number) => void} onprogress told what part has arrived, 0 to 1
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 * @throws {DOMException} NetworkError, DataError, or the signal's reason
 */
export async function weights({ manifest, entry, store }, signal, onprogress) {
  const stored = await store.read(entry);
  if (stored) {
    if (stored.length === entry.bytes && (await sha256(stored)) === entry.sha256) return stored;
    await store.remove(entry);
  }
  signal.throwIfAborted();
  const hash = native ? null : new Sha256();
  const bytes = await fetchBytes(weightsAddress(manifest, entry), {
    what: "the weights file",
    limit: entry.bytes,
    // What is kept in the store need not be in the browser's own cache as well.
    cache: store.usable ? "no-store" : "default",
    signal,
    onchunk(received, chunk) {
      hash?.update(chunk);
      onprogress(received / entry.bytes);
    },
  });
  const refuse = (/** @type {string} */ why) =>
    exception("DataError", `The weights file ${entry.file} is not the one in the list of models: ${why}. Try again later.`);
  if (bytes.length !== entry.bytes) throw refuse(`it has ${bytes.length} bytes, not ${entry.bytes}`);
  const found = hash ? hash.finish() : await sha256(bytes);
  if (found !== entry.sha256) throw refuse(`its SHA-256 is ${found}, not ${entry.sha256}`);
  signal.throwIfAborted();
  await store.write(entry, bytes);
  return bytes;
}
