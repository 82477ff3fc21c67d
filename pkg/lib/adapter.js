/** Whether there is a GPU worth loading the larger engine for; in the worker. Nothing is downloaded to find out. */

/** Failures in a row after which the GPU is left alone, unless it is asked for by name. */
const MOST_FAILURES = 3;
/** How long a browser may look for an adapter, in milliseconds. */
const PATIENCE = 5_000;

/**
 * @param {import("../index.d.ts").Backend} backend
 * @param {import("./gpu.js").Memory} memory
 * @returns {Promise<{ use: boolean, why: string | null }>} whether to load the engine that can use the GPU; if a fault is why not,
 *   which
 */
export async function probe(backend, { failures, calibration }) {
  const no = (/** @type {string | null} */ why) => ({ use: false, why });
  if (backend === "cpu") return no(null);
  if (backend === "auto" && failures >= MOST_FAILURES) return no("the graphics driver failed too often");
  // That was measured, and is no fault.
  if (backend === "auto" && calibration && calibration.least === null) return no(null);
  const gpu = /** @type {any} */ (globalThis.navigator)?.gpu;
  if (!gpu) return no(globalThis.isSecureContext === false ? "the page was not loaded by https" : "this browser has no WebGPU");
  // The request of `src/gpu/engine.rs`.
  const found = gpu.requestAdapter({ powerPreference: "high-performance" }).catch(() => null);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE, null));
  const adapter = await Promise.race([found, late]);
  if (!adapter) return no("there is no usable graphics processor");
  if (backend === "auto" && (adapter.info?.isFallbackAdapter ?? adapter.isFallbackAdapter)) {
    return no("graphics are computed by the processor here");
  }
  return { use: true, why: null };
}
