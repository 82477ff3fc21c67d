/**
 * The GPU beside the engine, in the worker: when it is looked for, what is remembered, and what became of it.
 *
 * An attempt counts as a failure until it has gone well. What the GPU does not do, the CPU does: `src/gpu/accelerator.rs`. Only
 * where a driver takes the engine itself down, or never answers, somebody else has to: `engine.js`.
 */

/** @typedef {import("../wasm/dragoman_gpu.js").Engine} WithGpu */
/** @typedef {import("../wasm/dragoman_gpu.js").Task} Task */
/** @typedef {import("../index.d.ts").GpuReport} GpuReport */
/** @typedef {import("./gpu.js").Memory} Memory */

/** So many batches without a fault, and earlier failures are forgotten. */
const PROOF = 20;
/** How long a batch may take, in milliseconds: browsers themselves reset a GPU after about ten seconds. */
const PATIENCE = 30_000;
/** How long finding a GPU may take: shaders are compiled, and translations measured. */
const LONG_PATIENCE = 120_000;

export class Accelerator {
  #engine;
  #backend;
  #memory;
  #tell;
  #fault;
  /** Failures before this visit's attempt. */
  #before;
  /** @type {Promise<void> | null} */
  #attaching = null;
  /** Batches of this visit without a fault. */
  #good = 0;
  /** Whether the GPU has not been looked for yet. */
  waiting;
  /** Whether it was, so that batches may have to be waited for. */
  ready = false;

  /**
   * @param {object} parts
   * @param {WithGpu | null} parts.engine null in the build without the GPU
   * @param {import("../index.d.ts").Backend} parts.backend
   * @param {Memory} parts.memory
   * @param {string | null} parts.why why the GPU is not used
   * @param {(news: { memory?: Memory, report: GpuReport | null }) => void} parts.tell
   */
  constructor({ engine, backend, memory, why, tell }) {
    this.#engine = engine;
    this.#backend = backend;
    this.#memory = memory;
    this.#fault = why;
    this.#tell = tell;
    this.#before = memory.failures;
    this.waiting = engine !== null;
    if (backend !== "cpu") tell({ report: this.report() });
  }

  /** Whether finding it takes no measurement. */
  get known() {
    return this.#backend === "gpu" || this.#memory.calibration !== null;
  }

  /** @returns {GpuReport} */
  report() {
    return (
      (this.ready && this.#engine?.gpuReport()) || {
        backend: this.#backend,
        active: false,
        adapter: null,
        calibration: this.#memory.calibration,
        fault: this.#fault,
        batches: { cpu: 0, gpu: 0 },
      }
    );
  }

  /**
   * Looks for the GPU, copies the model to it and, where that is not known, measures from which size of batch on it is faster. The
   * engine can be used meanwhile.
   */
  attach() {
    this.waiting = false;
    this.#attaching ??= this.#attach();
    return this.#attaching;
  }

  async #attach() {
    const engine = this.#engine;
    if (!engine) return;
    this.#remember(this.#before + 1);
    const record = JSON.stringify({ failures: 1, calibration: this.#memory.calibration });
    let gpu;
    try {
      gpu = await answered(engine.findGpu(this.#backend, record), LONG_PATIENCE);
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
      // The engine was not in its hands.
      this.#fault = error.message;
      this.#before += 1;
      return this.#remember(this.#before);
    }
    const { failures } = JSON.parse(engine.useGpu(gpu));
    this.ready = true;
    const report = this.report();
    this.#fault = report.fault;
    this.#memory.calibration = report.calibration ?? this.#memory.calibration;
    if (failures > 0) this.#before += 1;
    this.#remember(this.#before);
  }

  /**
   * Translates the next batch of a task.
   * @param {Task} task
   * @returns {Promise<{ more: boolean, gpu: boolean, fault: string | null }>} whether there was one, whether the GPU did it, and what
   *   kept it from that
   */
  async advance(task) {
    const engine = /** @type {WithGpu} */ (this.#engine);
    const before = this.report();
    const least = this.#backend === "gpu" ? 1 : (before.calibration?.least ?? Infinity);
    const risk = before.active && this.#good === 0 && task.total() - task.done() >= least;
    if (risk) this.#remember(this.#before + 1);
    const more = await answered(engine.advanceOnGpu(task), PATIENCE);
    const after = this.report();
    const fault = after.fault === this.#fault ? null : after.fault;
    const gpu = after.batches.gpu > before.batches.gpu;
    this.#fault = after.fault;
    if (before.active && !after.active) {
      this.#before += 1;
    } else if (gpu) {
      this.#good += 1;
      if (this.#good === PROOF) this.#before = 0;
    }
    if (risk || fault !== null || this.#before !== this.#memory.failures) this.#remember(this.#before);
    return { more, gpu, fault };
  }

  /**
   * Translates texts on both engines.
   * @param {string[]} texts
   * @returns {Promise<import("../index.d.ts").GpuCheck>}
   */
  async compare(texts) {
    const nothing = { sentences: 0, same: 0, difference: 0, example: null };
    await this.attach();
    if (!this.#engine || !this.ready) return { ...nothing, fault: this.#fault ?? "it was not asked for" };
    try {
      return await answered(this.#engine.checkGpu(texts), LONG_PATIENCE);
    } catch (error) {
      // What took the engine down is not for here.
      if (!(error instanceof Error) || error instanceof WebAssembly.RuntimeError || error instanceof NoAnswer) throw error;
      return { ...nothing, fault: error.message };
    }
  }

  /** @param {number} failures */
  #remember(failures) {
    this.#memory = { ...this.#memory, failures };
    this.#tell({ memory: this.#memory, report: this.report() });
  }
}

export class NoAnswer extends Error {}

/**
 * @template T
 * @param {Promise<T>} promise
 * @param {number} patience
 * @returns {Promise<T>}
 */
function answered(promise, patience) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new NoAnswer("the graphics processor does not answer")), patience);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
