/** The files of a Firefox translation model within a bundle, in which they lie one after the other. */

/** @typedef {"model" | "sourceVocabulary" | "targetVocabulary" | "shortlist"} Role */
/** @typedef {{ role: Role, bytes: number }} Part a file, in the order in which they lie */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/** In the order in which they lie. @type {Role[]} */
export const ROLES = ["model", "sourceVocabulary", "targetVocabulary", "shortlist"];

/**
 * Whether a file is of Marian's binary format, which begins with its version, 1. Then its vocabularies lie in files of their own;
 * a weights file of this project holds all it needs.
 * @param {Bytes} model
 */
export function isMarian(model) {
  return model.length >= 8 && model[0] === 1 && model.subarray(1, 8).every((byte) => byte === 0);
}

/**
 * Takes a bundle apart.
 * @param {Bytes} bytes
 * @param {Part[]} parts
 * @returns {Partial<Record<Role, Bytes>>} views of it
 */
export function unbundle(bytes, parts) {
  let at = 0;
  return Object.fromEntries(
    parts.map(({ role, bytes: length }) => {
      at += length;
      return [role, bytes.subarray(at - length, at)];
    }),
  );
}
