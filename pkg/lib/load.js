/**
 * Loads the engine's WebAssembly; for the worker alone.
 *
 * The bindings are imported statically: bundlers then put them into the worker's own file, and need no settings for it. Those of
 * the engine that can use the GPU are a file like the WebAssembly, so that only those who have a GPU download them: bundlers copy
 * what stands in `new URL(..., import.meta.url)`, and their comments keep them from following the import.
 */

import start, * as bindings from "../wasm/dragoman.js";
import { exception, messageOf } from "./errors.js";
import { readFile } from "./platform.js";
import { instructions, unsupported } from "./runtime.js";

/** @typedef {typeof import("../wasm/dragoman_gpu.js")} WithGpu */

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

/** @returns {Promise<WithGpu>} */
export async function loadRuntimeWithGpu() {
  const script = new URL("../wasm/dragoman_gpu.js", import.meta.url);
  const address =
    instructions() === "relaxed-simd"
      ? new URL("../wasm/dragoman_gpu_relaxed_bg.wasm", import.meta.url)
      : new URL("../wasm/dragoman_gpu_bg.wasm", import.meta.url);
  /** @type {WithGpu} */
  const runtime = await import(/* @vite-ignore */ /* webpackIgnore: true */ script.href);
  await runtime.default({ module_or_path: address });
  return runtime;
}
