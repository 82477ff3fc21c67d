/** The engine's WebAssembly: which build this machine can run, and loading it. */

import { exception, messageOf } from "./errors.js";
import { readFile } from "./platform.js";

// Engines validate whole modules, so each build is probed with a function that uses one of its instructions.
const HEADER = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
/** One function without parameters that returns a v128. */
const SIGNATURE = [1, 5, 1, 0x60, 0, 1, 0x7b, 3, 2, 1, 0];
/** i32.const 0, i8x16.splat */
const SPLAT = [0x41, 0, 0xfd, 0x0f];
/** i8x16.popcnt */
const SIMD128 = [10, 10, 1, 8, 0, ...SPLAT, 0xfd, 0x62, 0x0b];
/** i32x4.relaxed_dot_i8x16_i7x16_add */
const RELAXED_SIMD = [10, 19, 1, 17, 0, ...SPLAT, ...SPLAT, ...SPLAT, 0xfd, 0x93, 2, 0x0b];

/** @param {number[]} code */
function runs(code) {
  return globalThis.WebAssembly?.validate(new Uint8Array([...HEADER, ...SIGNATURE, ...code])) ?? false;
}

/** @returns {"relaxed-simd" | "simd128" | null} the best instructions there are; null where the engine cannot run */
export function instructions() {
  if (runs(RELAXED_SIMD)) return "relaxed-simd";
  return runs(SIMD128) ? "simd128" : null;
}

/** @returns {DOMException} */
export function unsupported() {
  return exception("NotSupportedError", "This browser cannot run the translator: it has no WebAssembly SIMD. A newer version will.");
}

/**
 * Loads the engine.
 * @returns {Promise<typeof import("../wasm/dragoman.js")>}
 * @throws {DOMException}
 */
export async function loadRuntime() {
  const best = instructions();
  if (best === null) throw unsupported();
  const address =
    best === "relaxed-simd"
      ? new URL("../wasm/dragoman_relaxed_bg.wasm", import.meta.url)
      : new URL("../wasm/dragoman_bg.wasm", import.meta.url);
  try {
    const bindings = await import("../wasm/dragoman.js");
    await bindings.default({ module_or_path: (await readFile(address.href)) ?? address });
    return bindings;
  } catch (error) {
    throw exception("OperationError", `The translator's program could not be loaded: ${messageOf(error)}`, error);
  }
}
