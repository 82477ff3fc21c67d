/** The list of models that a site or a folder offers: `manifest.json`, as `format::manifest` in Rust describes it. */

import { exception, messageOf } from "./errors.js";
import { sameLanguage } from "./languages.js";
import { fetchBytes } from "./download.js";
import { ROLES } from "./parts.js";

/** Version of the manifest's own format. */
const VERSION = 1;
/** Longest manifest that is read, in bytes. */
const LIMIT = 4 << 20;

/**
 * A model that can be downloaded.
 * @typedef {object} Entry
 * @property {string} id unique name, such as `en-zh`
 * @property {string} source BCP 47 tag of the language translated from
 * @property {string[]} [reads] other languages that it reads as `source`, such as `zh-Hant` for `zh`
 * @property {string} target BCP 47 tag of the language translated to
 * @property {string} file path of the weights file, relative to the manifest
 * @property {number} bytes size of the weights file
 * @property {string} sha256 its SHA-256 in lower-case hexadecimal
 * @property {string} licence
 * @property {string} [card] path of the model card, a text in Markdown, relative to the manifest
 * @property {import("./parts.js").Part[]} [parts] where the file is a bundle of others: only on models stored on this device
 */

/** Reads that are under way, by address: callers at the same time share one. @type {Map<string, Promise<Entry[]>>} */
const reading = new Map();

/**
 * Fetches a manifest.
 * @param {string} address
 * @param {number} patience milliseconds without an answer after which it counts as unreachable
 * @returns {Promise<Entry[]>} its models, in order of preference
 * @throws {DOMException} NetworkError if it cannot be fetched, DataError if it is not a manifest
 */
export function readManifest(address, patience) {
  let read = reading.get(address);
  if (!read) {
    read = fetchBytes(address, { what: "the list of models", limit: LIMIT, patience, cache: "no-cache" })
      .then((bytes) => parseManifest(new TextDecoder().decode(bytes)))
      .finally(() => reading.delete(address));
    reading.set(address, read);
  }
  return read;
}

/**
 * Parses and checks a manifest.
 * @param {string} json
 * @returns {Entry[]}
 * @throws {DOMException} DataError
 */
export function parseManifest(json) {
  const fail = (/** @type {string} */ why) => exception("DataError", `The list of models cannot be used: ${why}.`);
  let manifest;
  try {
    manifest = JSON.parse(json);
  } catch (error) {
    throw fail(messageOf(error));
  }
  if (manifest?.version !== VERSION) throw fail(`it has version ${manifest?.version}, not ${VERSION}`);
  if (!Array.isArray(manifest.models)) throw fail("it lists no models");
  const entries = manifest.models.map((/** @type {unknown} */ model) => {
    const entry = parseEntry(model);
    if (typeof entry === "string") throw fail(entry);
    return entry;
  });
  const ids = new Set(entries.map((/** @type {Entry} */ { id }) => id));
  if (ids.size < entries.length) throw fail("it lists a model twice");
  return entries;
}

/**
 * Checks one model of a manifest.
 * @param {any} model
 * @returns {Entry | string} why it is refused
 */
export function parseEntry(model) {
  const { id, source, reads = [], target, file, bytes, sha256, licence, card, parts } = model ?? {};
  if (typeof id !== "string" || id === "") return "a model has no id";
  if (!Array.isArray(reads)) return `${JSON.stringify(id)} has a malformed list of languages`;
  for (const language of [source, target, ...reads]) {
    try {
      new Intl.Locale(language);
    } catch {
      return `${JSON.stringify(id)} has a malformed language`;
    }
  }
  for (const path of card === undefined ? [file] : [file, card]) {
    if (!isInside(path)) return `${JSON.stringify(path)} is not a path inside its folder`;
  }
  if (!Number.isSafeInteger(bytes) || bytes <= 0 || bytes > 0xffff_ffff) return `${JSON.stringify(id)} has a malformed size`;
  if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/.test(sha256)) return `${JSON.stringify(id)} has a malformed SHA-256`;
  const entry = {
    ...{ id, source, ...(reads.length > 0 && { reads }), target, file, bytes, sha256 },
    licence: typeof licence === "string" ? licence : "",
    ...(card !== undefined && { card }),
  };
  if (parts === undefined) return entry;
  const known = Array.isArray(parts) && parts.every((part) => ROLES.includes(part?.role) && Number.isSafeInteger(part.bytes) && part.bytes > 0);
  if (!known || parts.reduce((sum, part) => sum + part.bytes, 0) !== bytes) return `${JSON.stringify(id)} has malformed parts`;
  return { ...entry, parts };
}

/**
 * Whether a value is a path with slashes that stays in the folder that it is relative to.
 * @param {unknown} path
 */
function isInside(path) {
  return typeof path === "string" && !/[\\:\0]/.test(path) && path.split("/").every((part) => !/^\.{0,2}$/.test(part));
}

/**
 * The first model that translates a direction.
 * @param {Entry[]} entries
 * @param {string} from
 * @param {string} to
 * @returns {Entry | undefined}
 */
export function find(entries, from, to) {
  const isFrom = (/** @type {Entry} */ { source, reads = [] }) => [source, ...reads].some((read) => sameLanguage(from, read));
  return entries.find((entry) => isFrom(entry) && sameLanguage(to, entry.target));
}

/**
 * Where a file of a model is.
 * @param {string} manifest address of its manifest
 * @param {string} path relative to that
 */
export function addressOf(manifest, path) {
  return new URL(path.split("/").map(encodeURIComponent).join("/"), manifest).href;
}
