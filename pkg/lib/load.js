/**
 * Loads the engine's WebAssembly; for the worker alone.
 *
 * The bindings are imported statically: bundlers then put them into the worker's own file, and need no settings for it.
 */

import start, * as bindings from "../wasm/dragoman.js";
import { exception, messageOf } from "./errors.js";
import { readFile } from "./platform.js";
import { instructions, unsupported } from "./runtime.js";

/**
 * @returns {Promise<typeof bindings>}
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
    await start({ module_or_path: (await readFile(address.href)) ?? address });
    return bindings;
  } catch (error) {
    throw exception("OperationError", `The translator's program could not be loaded: ${messageOf(error)}`, error);
  }
}
