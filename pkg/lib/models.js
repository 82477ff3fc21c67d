/**
 * Models: which there are, and their weights, from the store or over the network, never unchecked.
 *
 * There are those that the user has added to this device, those of the site's manifest, and, when they are asked for, those of a
 * registry. What comes from a registry has been added to the device once it is here.
 */

import { bundle, readFiles } from "./bundle.js";
import { fetchBytes, PATIENCE } from "./download.js";
import { exception } from "./errors.js";
import { sameLanguage } from "./languages.js";
import { addressOf, find, readManifest } from "./manifest.js";
import { discard } from "./memory.js";
import { absolute } from "./platform.js";
import { download, MOZILLA, readRegistry } from "./registry.js";
import { native, Sha256, sha256 } from "./sha256.js";
import { addedStore, storeFor } from "./store.js";

/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {import("./registry.js").Offer} Offer */
/** @typedef {import("./store.js").Store} Store */

/** How long a manifest may take, in milliseconds, when the stored models could do without it. */
const SHORT_PATIENCE = 4_000;

/**
 * A model and where it comes from.
 * @typedef {object} Model
 * @property {string} origin address of its manifest, or {@link ADDED}
 * @property {Entry} entry
 * @property {Store} store
 * @property {Offer} [offer] where it is not on this device yet and is downloaded from a registry
 * @property {Blob} [content] where the caller has given it
 */

/** The origin of models that no manifest lists. */
export const ADDED = "added";

/**
 * The models of a source: those that were added, and those of its manifest, or, where that cannot be had, those of it that are
 * stored on this device.
 * @param {import("../index.d.ts").SourceOptions} [options]
 * @returns {Promise<Model[]>}
 * @throws {DOMException} NetworkError or DataError if the manifest cannot be had and nothing is stored
 */
export async function models(options) {
  const { known, failure } = await knownModels(options);
  // Whoever names a registry may have no models of their own.
  if (failure && known.length === 0 && !options?.registry) throw failure;
  return known;
}

/**
 * Like {@link models}, and why the manifest could not be had, where it could not: what is known is then not all there is.
 * @param {import("../index.d.ts").SourceOptions} [options]
 * @returns {Promise<{ known: Model[], failure: unknown }>} `failure` null where all is known
 */
export async function knownModels(options = {}) {
  const origin = absolute(options.models ?? defaultManifest());
  const [added, store] = await Promise.all([addedModels(options), storeFor(origin, options.cacheFolder)]);
  const stored = await store.entries();
  const spare = stored.length + added.length > 0;
  /** @type {unknown} */
  let failure = null;
  const entries = await readManifest(origin, spare ? SHORT_PATIENCE : PATIENCE).catch((error) => {
    failure = error;
    return stored;
  });
  return { known: [...added, ...entries.map((entry) => ({ origin, entry, store }))], failure };
}

/** @param {import("../index.d.ts").SourceOptions} options @returns {Promise<Model[]>} */
async function addedModels({ cacheFolder }) {
  const store = await addedStore(cacheFolder);
  return (await store.entries()).map((entry) => ({ origin: ADDED, entry, store }));
}

/**
 * The models of a registry, less those that are on this device.
 * @param {import("../index.d.ts").SourceOptions} options
 * @param {AbortSignal} [signal]
 * @returns {Promise<Model[]>}
 * @throws {DOMException} NetworkError or DataError
 */
export async function registryModels({ registry, cacheFolder }, signal) {
  if (!registry) return [];
  const [store, offers] = await Promise.all([
    addedStore(cacheFolder),
    readRegistry(registry === true ? MOZILLA : absolute(registry), signal),
  ]);
  const ids = new Set((await store.entries()).map(({ id }) => id));
  return offers.filter(({ entry }) => !ids.has(entry.id)).map((offer) => ({ origin: ADDED, entry: offer.entry, store, offer }));
}

/**
 * A model whose files the caller has.
 * @param {import("../index.d.ts").TranslatorAddOptions} options
 * @param {{ from: string, to: string }} direction
 * @returns {Promise<Model>}
 * @throws {DOMException} NetworkError or DataError
 */
export async function givenModel({ files, licence = "", cacheFolder, signal }, { from, to }) {
  const { bytes, parts, sha256: hash } = await bundle(await readFiles(files, signal));
  const id = `given-${from}-${to}`;
  const entry = { id, source: from, target: to, file: `${from}-${to}`, bytes: bytes.length, sha256: hash, licence: `${licence}`, parts };
  // A Blob's bytes need not lie in memory.
  const content = new Blob([bytes]);
  discard(bytes);
  return { origin: ADDED, entry, store: await addedStore(cacheFolder), content };
}

/** `models/manifest.json` beside this package; no `new URL(...)` that bundlers would try to resolve. */
function defaultManifest() {
  return import.meta.url.replace(/lib\/[^/]*$/, "models/manifest.json");
}

/** What tells models apart. @param {Model} model */
export function keyOf({ origin, entry, content }) {
  return `${content ? "given" : origin} ${entry.id} ${origin === ADDED && !content ? "" : entry.sha256}`;
}

/** What callers call a model. No manifest is likely to give one of its own such a name as those have that were added. @param {Model} model */
export function idOf({ origin, entry }) {
  return origin === ADDED ? `${ADDED}:${entry.id}` : entry.id;
}

/**
 * The models through which a direction can be translated: one, or two with a language between them, English if possible. Two that
 * lead back to the language that the first one reads are no way: `en` to `en-GB` is not translated by way of Chinese.
 * @param {Model[]} all
 * @param {string} from
 * @param {string} to
 * @returns {Model[]} none if there is no way
 */
export function route(all, from, to) {
  const direct = choose(all, from, to);
  if (direct) return [direct];
  const reads = (/** @type {Entry} */ { source, reads = [] }) => [source, ...reads].some((language) => sameLanguage(language, to));
  const firsts = all.filter(({ entry }) => choose(all, from, entry.target)?.entry === entry && !reads(entry));
  const ways = firsts.flatMap((first) => {
    const second = choose(all, first.entry.target, to);
    return second && second !== first ? [[first, second]] : [];
  });
  return ways.find(([first]) => first.entry.target.startsWith("en")) ?? ways[0] ?? [];
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
export async function isStored({ origin, entry, store, offer, content }) {
  if (content) return true;
  return offer === undefined && (origin.startsWith("file:") || store.has(entry));
}

/**
 * The weights of a model, checked. Downloads them where they are not stored, and stores them if there is room.
 * @param {Model} model
 * @param {AbortSignal} signal
 * @param {(loaded: number) => void} onprogress told what part has arrived, 0 to 1
 * @returns {Promise<{ bytes: Uint8Array<ArrayBuffer>, parts?: import("./parts.js").Part[] }>}
 * @throws {DOMException} NetworkError, DataError, or the signal's reason
 */
export async function weights(model, signal, onprogress) {
  const { origin, entry, store, offer, content } = model;
  if (content) return { bytes: new Uint8Array(await content.arrayBuffer()), parts: entry.parts };
  // Another page or an earlier translator may have stored what was on offer.
  const kept = offer ? (await store.entries()).find(({ id }) => id === entry.id) : entry;
  const stored = kept && (await store.read(kept));
  if (kept && stored) {
    if (stored.length === kept.bytes && (await sha256(stored)) === kept.sha256) return { bytes: stored, parts: kept.parts };
    await store.remove(kept);
  }
  signal.throwIfAborted();
  if (offer) {
    const { entry: complete, bytes } = await download(offer, signal, onprogress);
    await store.write(complete, bytes);
    return { bytes, parts: complete.parts };
  }
  if (origin === ADDED) {
    throw exception("NetworkError", `The model for ${entry.source} to ${entry.target} is no longer on this device. Add it again.`);
  }
  const bytes = await fetched(addressOf(origin, entry.file), entry, store, signal, onprogress);
  await store.write(entry, bytes);
  return { bytes };
}

/**
 * @param {string} address
 * @param {Entry} entry
 * @param {Store} store
 * @param {AbortSignal} signal
 * @param {(loaded: number) => void} onprogress
 */
async function fetched(address, entry, store, signal, onprogress) {
  const hash = native ? null : new Sha256();
  const bytes = await fetchBytes(address, {
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
  return bytes;
}
