/** Every failure in a sentence, with a way out. */

import { t } from "./locale.js";

/** A function with `i8x16.splat`: valid only with SIMD. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11,
]);

/** @returns {boolean} */
export function hasSimd() {
  return typeof WebAssembly === "object" && WebAssembly.validate(SIMD_PROBE);
}

/** The package itself could not be loaded. */
export class LoadError extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("the translator's program could not be loaded", { cause });
    this.name = "LoadError";
  }
}

/** What an error of unknown type says. @param {unknown} error */
export function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** Of what kind it is. @param {unknown} error */
export function nameOf(error) {
  return error instanceof Error ? error.name : "";
}

/**
 * Whether the browser keeps no more. Newer ones have a class of its own for that.
 * @param {unknown} error
 */
export function isNoSpace(error) {
  return nameOf(error) === "QuotaExceededError";
}

/** What is thrown where the browser keeps no more, but did not say so itself. */
export function noSpace() {
  return new DOMException("", "QuotaExceededError");
}

/**
 * @typedef {object} Problem
 * @property {string} title what happened
 * @property {string} advice what to do
 * @property {string} action label of the button
 * @property {boolean} [reload] the button reloads the page: nothing less helps
 */

/** What else a failure may come from. */
export function circumstances() {
  return { online: navigator.onLine, simd: hasSimd() };
}

/**
 * In the language of the page, but for what the package itself says.
 * @param {unknown} error
 * @param {{ online: boolean, simd: boolean }} [around]
 * @returns {Problem}
 */
export function explain(error, { online, simd } = circumstances()) {
  const [name, message] = [nameOf(error), messageOf(error)];
  const { problems } = t;
  if (!simd) return { ...problems.noSimd, reload: true };
  switch (name) {
    case "LoadError":
      return { ...(online ? problems.notLoaded : problems.notLoadedOffline), reload: true };
    case "NetworkError":
      return online ? problems.network : problems.networkOffline;
    case "DataError":
      return problems.data;
    case "NotSupportedError":
      return { ...problems.notSupported, reload: true };
    case "QuotaExceededError":
      return problems.noSpace;
    case "OperationError":
      return online ? problems.notStarted(message) : problems.notStartedOffline(message);
    default:
      return problems.unexpected(message);
  }
}
