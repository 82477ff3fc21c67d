/** Which build of the engine's WebAssembly this machine can run. */

import { exception } from "./errors.js";

// Engines validate whole modules, so each build is probed with a module that uses one of its instructions: a function `f`
// without parameters that returns an i32.
const HEAD = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 5, 1, 0x60, 0, 1, 0x7f, 3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0];
const I8X16_SPLAT = [0xfd, 0x0f];
const I32X4_SPLAT = [0xfd, 0x11];
const I32X4_EXTRACT_LANE_0 = [0xfd, 0x1b, 0];
const I32X4_RELAXED_DOT_I8X16_I7X16_ADD = [0xfd, 0x93, 2];
/** @param {number} value -64 to 63 */
const constant = (value) => [0x41, value & 0x7f];

/** @param {number[]} code what puts an i32 on the stack */
function probe(code) {
  const body = [0, ...code, 0x0b];
  return new Uint8Array([...HEAD, 10, body.length + 2, 1, body.length, ...body]);
}

function hasSimd() {
  return WebAssembly.validate(probe([...constant(0), ...I8X16_SPLAT, ...I32X4_EXTRACT_LANE_0]));
}

/** Whether there is the relaxed dot product, and works: V8's baseline compiler of 2023 adds the product to itself. */
function hasRelaxedSimd() {
  const dot = [...constant(-3), ...I8X16_SPLAT, ...constant(5), ...I8X16_SPLAT, ...constant(7), ...I32X4_SPLAT];
  const bytes = probe([...dot, ...I32X4_RELAXED_DOT_I8X16_I7X16_ADD, ...I32X4_EXTRACT_LANE_0]);
  if (!WebAssembly.validate(bytes)) return false;
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    return /** @type {() => number} */ (exports.f)() === 4 * -3 * 5 + 7;
  } catch {
    // The page's policy may forbid WebAssembly.
    return false;
  }
}

/** @returns {"relaxed-simd" | "simd128" | null} the best instructions there are; null where the engine cannot run */
export function instructions() {
  if (globalThis.WebAssembly === undefined) return null;
  if (hasRelaxedSimd()) return "relaxed-simd";
  return hasSimd() ? "simd128" : null;
}

/** @returns {DOMException} */
export function unsupported() {
  return exception("NotSupportedError", "This browser cannot run the translator: it has no WebAssembly SIMD. A newer version will.");
}
