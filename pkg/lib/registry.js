/**
 * Mozilla's registry of the translation models in Firefox: `models.json`, as the generator in mozilla/translations writes it.
 *
 * Files are packed with gzip. The registry gives the SHA-256 of the unpacked weights, and for some files their size.
 */

import { bundle, LIMIT, unpacked } from "./bundle.js";
import { fetchBytes, PATIENCE } from "./download.js";
import { exception, messageOf } from "./errors.js";
import { discard } from "./memory.js";
import { sha256 } from "./sha256.js";

/** @typedef {import("./parts.js").Role} Role */
/** @typedef {import("./manifest.js").Entry} Entry */

/** Where Mozilla publishes it. */
export const MOZILLA =
  "https://storage.googleapis.com/moz-fx-translations-data--303e-prod-translations-data/db/models.json";

/** Longest registry that is read, in bytes. */
const LONGEST = 16 << 20;
/** Preferred first: good and not too large. */
const ARCHITECTURES = ["base-memory", "base", "tiny"];
/** Unpacked sizes of files whose size is not given, for progress. */
const GUESS = 2 << 20;

/**
 * A file of the registry.
 * @typedef {{ role: Role, address: string, bytes: number | null, sha256: string | null }} Download
 */

/**
 * A model of the registry. `entry.bytes` is the size unpacked, as far as the registry knows it.
 * @typedef {{ entry: Entry, downloads: Download[], architecture: string, released: boolean }} Offer
 */

/**
 * Fetches a registry.
 * @param {string} address
 * @param {AbortSignal} [signal]
 * @returns {Promise<Offer[]>} preferred ones first
 * @throws {DOMException} NetworkError or DataError
 */
export async function readRegistry(address, signal) {
  const bytes = await fetchBytes(address, { what: "the registry of models", limit: LONGEST, patience: PATIENCE, cache: "no-cache", signal });
  return parseRegistry(new TextDecoder().decode(bytes), address);
}

/**
 * Parses a registry. What it lists and is not understood is left out.
 * @param {string} json
 * @param {string} address of the registry
 * @returns {Offer[]}
 * @throws {DOMException} DataError
 */
export function parseRegistry(json, address) {
  const fail = (/** @type {string} */ why) => exception("DataError", `The registry of models cannot be used: ${why}.`);
  let registry;
  try {
    registry = JSON.parse(json);
  } catch (error) {
    throw fail(messageOf(error));
  }
  const { baseUrl, models } = registry ?? {};
  if (models === null || typeof models !== "object" || Array.isArray(models)) throw fail("it lists no models");
  let base;
  try {
    base = new URL(typeof baseUrl === "string" ? `${baseUrl.replace(/\/$/, "")}/` : "./", address);
  } catch {
    throw fail("it has a malformed address");
  }
  const offers = Object.values(models)
    .flat()
    .map((model) => parseModel(model, base))
    .filter((offer) => offer !== null);
  const rank = (/** @type {Offer} */ { released, architecture }) => {
    const place = ARCHITECTURES.indexOf(architecture);
    return (released ? 0 : 100) + (place < 0 ? ARCHITECTURES.length : place);
  };
  return offers.sort((a, b) => rank(a) - rank(b));
}

/**
 * @param {any} model
 * @param {URL} base
 * @returns {Offer | null}
 */
function parseModel(model, base) {
  try {
    const { architecture, releaseStatus, sourceLanguage, targetLanguage, files } = model;
    const [source, target] = [sourceLanguage, targetLanguage].map((tag) => new Intl.Locale(tag.replaceAll("_", "-")).toString());
    /** @type {[Role, any][]} */
    const named = [
      ["model", files.model],
      ["sourceVocabulary", files.srcVocab ?? files.vocab],
      ["targetVocabulary", files.srcVocab && files.trgVocab],
      ["shortlist", files.lexicalShortlist],
    ];
    const downloads = named.flatMap(([role, file]) => {
      if (!file && (role === "targetVocabulary" || role === "shortlist")) return [];
      const url = new URL(file.path, base);
      if (!/^https?:$/.test(url.protocol)) throw new Error("not an address of the web");
      const size = file.uncompressedSize;
      const hash = file.uncompressedHash;
      return {
        role,
        address: url.href,
        bytes: Number.isSafeInteger(size) && size > 0 && size <= LIMIT ? size : null,
        sha256: typeof hash === "string" && /^[0-9a-f]{64}$/.test(hash) ? hash : null,
      };
    });
    const hash = downloads[0].sha256;
    if (!hash) return null;
    return {
      entry: {
        id: `mozilla-${source}-${target}-${architecture}-${hash.slice(0, 12)}`,
        source,
        target,
        file: `${source}-${target}`,
        bytes: downloads.reduce((sum, { bytes }) => sum + (bytes ?? GUESS), 0),
        sha256: hash,
        licence: "MPL 2.0",
      },
      downloads,
      architecture: String(architecture),
      released: /^release/i.test(String(releaseStatus)),
    };
  } catch {
    // Not a model as this version knows them.
    return null;
  }
}

/**
 * Downloads a model and checks it.
 * @param {Offer} offer
 * @param {AbortSignal} signal
 * @param {(loaded: number) => void} onprogress told what part has arrived, 0 to 1
 * @returns {Promise<{ entry: Entry, bytes: Uint8Array<ArrayBuffer> }>} the entry under which it may be stored
 * @throws {DOMException} NetworkError, DataError, or the signal's reason
 */
export async function download({ entry, downloads }, signal, onprogress) {
  const shares = downloads.map(({ bytes }) => (bytes ?? GUESS) / entry.bytes);
  const arrived = downloads.map(() => 0);
  const read = downloads.map(async ({ role, address, bytes: size, sha256: hash }, i) => {
    const packed = await fetchBytes(address, {
      what: "a file of the model",
      limit: LIMIT,
      cache: "no-store",
      signal,
      onchunk(received, _, announced) {
        // Packed, the files are about four fifths as long.
        arrived[i] = Math.min(1, received / (announced || 0.8 * (size ?? GUESS)));
        onprogress(arrived.reduce((sum, part, file) => sum + part * shares[file], 0));
      },
    });
    const refuse = (/** @type {string} */ why) =>
      exception("DataError", `The file ${address} is not the one in the registry of models: ${why}. Try again later.`);
    const bytes = await unpacked(packed, size ?? LIMIT).catch((error) => {
      throw refuse(messageOf(error));
    });
    if (bytes !== packed) discard(packed);
    if (size !== null && bytes.length !== size) throw refuse(`it has ${bytes.length} bytes, not ${size}`);
    if (hash !== null) {
      const found = await sha256(bytes);
      if (found !== hash) throw refuse(`its SHA-256 is ${found}, not ${hash}`);
    }
    return [role, bytes];
  });
  const files = Object.fromEntries(await Promise.all(read));
  signal.throwIfAborted();
  const { bytes, parts, sha256: hash } = await bundle(files);
  return { entry: { ...entry, bytes: bytes.length, sha256: hash, parts }, bytes };
}
