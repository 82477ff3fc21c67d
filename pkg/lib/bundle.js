/** Gathers the files of a Firefox translation model into one: what is stored and hashed is always a single file. */

import { exception, messageOf } from "./errors.js";
import { fetchBytes } from "./download.js";
import { discard } from "./memory.js";
import { isMarian, ROLES } from "./parts.js";
import { absolute } from "./platform.js";
import { sha256 } from "./sha256.js";

/** @typedef {import("./parts.js").Role} Role */
/** @typedef {import("./parts.js").Part} Part */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/** Longest file that is accepted, in bytes: several times the largest there is. */
export const LIMIT = 512 << 20;

/**
 * A file's content, unpacked if it is packed with gzip.
 * @param {Bytes} bytes
 * @param {number} [limit] most bytes accepted
 * @returns {Promise<Bytes>}
 */
export async function unpacked(bytes, limit = LIMIT) {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  /** @type {Bytes[]} */
  const chunks = [];
  let length = 0;
  for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
    length += chunk.value.length;
    if (length > limit) {
      void reader.cancel();
      throw exception("DataError", `A packed file holds more than the ${limit} bytes expected.`);
    }
    chunks.push(/** @type {Bytes} */ (chunk.value));
  }
  return joined(chunks, length);
}

/** @param {Bytes[]} chunks @param {number} length */
function joined(chunks, length) {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

/**
 * Puts files together.
 * @param {Partial<Record<Role, Bytes>>} files whose memory is given back
 * @returns {Promise<{ bytes: Bytes, parts: Part[], sha256: string }>}
 * @throws {DOMException} DataError
 */
export async function bundle(files) {
  const { model, sourceVocabulary } = files;
  if (!model || (isMarian(model) && !sourceVocabulary)) {
    throw exception("DataError", "A model needs its weights (model.*.bin) and its vocabulary (vocab.*.spm).");
  }
  /** @type {Part[]} */
  const parts = [];
  /** @type {Bytes[]} */
  const chunks = [];
  for (const role of ROLES) {
    const file = files[role];
    if (!file) continue;
    if (file.length === 0) throw exception("DataError", `The model's file is empty: ${role}.`);
    parts.push({ role, bytes: file.length });
    chunks.push(file);
  }
  const bytes = joined(chunks, chunks.reduce((sum, { length }) => sum + length, 0));
  chunks.forEach(discard);
  return { bytes, parts, sha256: await sha256(bytes) };
}

/**
 * Reads files that the caller names.
 * @param {import("../index.d.ts").ModelFiles} files
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<Partial<Record<Role, Bytes>>>}
 * @throws {DOMException} NetworkError or DataError
 * @throws {TypeError} if one is missing, or of an unknown kind
 */
export async function readFiles(files, signal) {
  if (files === null || typeof files !== "object") throw new TypeError("files: there are none.");
  if (files.model === undefined || files.model === null) throw new TypeError("files.model is missing.");
  const read = ROLES.filter((role) => files[role] !== undefined && files[role] !== null).map(async (role) => {
    const bytes = await content(/** @type {import("../index.d.ts").FileSource} */ (files[role]), role, signal);
    try {
      const file = await unpacked(bytes);
      if (file !== bytes) discard(bytes);
      return [role, file];
    } catch (error) {
      if (error instanceof DOMException) throw error;
      throw exception("DataError", `The file cannot be unpacked (${role}): ${messageOf(error)}`, error);
    }
  });
  return Object.fromEntries(await Promise.all(read));
}

/**
 * @param {import("../index.d.ts").FileSource} source
 * @param {Role} role
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<Bytes>}
 */
async function content(source, role, signal) {
  if (source instanceof Blob) {
    const buffer = await source.arrayBuffer().catch((error) => {
      throw exception("NetworkError", `The file cannot be read (${role}): ${messageOf(error)}`, error);
    });
    return new Uint8Array(buffer);
  }
  // Copies: what is given stays the caller's, and is not transferred to the worker.
  if (source instanceof ArrayBuffer) return new Uint8Array(source.slice(0));
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength).slice();
  if (typeof source === "string" || source instanceof URL) {
    return fetchBytes(absolute(source), { what: "a file of the model", limit: LIMIT, signal: signal ?? undefined });
  }
  throw new TypeError(`files.${role} is neither an address nor a file nor its content.`);
}
