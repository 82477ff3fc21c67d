/**
 * The page's end of a worker with a model: starts it, sends it requests, and starts another if it dies.
 *
 * Translators of the same model share one engine, and so one download and one worker. Whatever happens, every call settles:
 * if the worker dies, the calls it had are rejected, and the next call starts a fresh worker. A worker that dies of the GPU is
 * replaced by one without, which goes on where the other stopped.
 */

import { exception, messageOf } from "./errors.js";
import { recall, remember } from "./gpu.js";
import { keyOf, weights } from "./models.js";
import { startWorker } from "./platform.js";
import { Delivery } from "./resume.js";

/** @typedef {import("./models.js").Model} Model */
/** @typedef {import("../worker.js").Request} Request */
/** @typedef {import("../worker.js").Part} Part */
/** @typedef {import("../worker.js").Report} Report */
/** @typedef {import("../index.d.ts").GpuCheck} GpuCheck */

/**
 * A request under way.
 * @typedef {object} Call
 * @property {Promise<Report>} promise
 * @property {() => void} cancel stops the work; the promise rejects if it has not settled
 * @property {() => void} more allows one more part, where the request counts them
 */

/**
 * @typedef {object} Pending
 * @property {Omit<Request, "id">} request
 * @property {number | null} credit how many parts with text it may still get; null for any number
 * @property {Delivery} delivery
 * @property {boolean} sent
 * @property {(report: Report) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {(part: Part) => void} onpart
 */

/** Engines in use. @type {Map<string, Engine>} */
const engines = new Map();

/**
 * The engine for a model, counted as used once more: {@link Engine.release} it in the end.
 * @param {Model} model
 * @param {import("../index.d.ts").Backend} [backend]
 * @returns {Engine}
 */
export function acquire(model, backend = "auto") {
  const key = `${backend} ${keyOf(model)}`;
  let engine = engines.get(key);
  if (!engine) {
    engine = new Engine(model, backend, () => engines.delete(key));
    engines.set(key, engine);
  }
  engine.users += 1;
  return engine;
}

/**
 * Whether the weights of a model are being downloaded.
 * @param {Model} model
 */
export function isLoading(model) {
  const key = keyOf(model);
  return [...engines].some(([name, { loading }]) => loading && name.endsWith(` ${key}`));
}

export class Engine {
  users = 0;
  loading = false;
  /** Told of the download: 0 to 1. @type {Set<(loaded: number) => void>} */
  listeners = new Set();
  /** What became of the GPU. @type {import("../index.d.ts").GpuReport | null} */
  gpu = null;
  #model;
  #backend;
  #onunused;
  #loaded = 0;
  #stop = new AbortController();
  /** @type {Promise<void> | null} */
  #started = null;
  /** @type {import("./platform.js").WorkerHandle | null} */
  #worker = null;
  /** Rejects the start of the worker. @type {((error: unknown) => void) | null} */
  #refuse = null;
  /** @type {Map<number, Pending>} */
  #pending = new Map();
  #next = 1;
  /** Whether the worker uses the engine that can use the GPU. */
  #trying = false;
  /** How the GPU took a worker down. @type {string | null} */
  #lost = null;

  /**
   * @param {Model} model
   * @param {import("../index.d.ts").Backend} backend
   * @param {() => void} onunused
   */
  constructor(model, backend, onunused) {
    this.#model = model;
    this.#backend = backend;
    this.#onunused = onunused;
  }

  /** Part of the download that has arrived. */
  get loaded() {
    return this.#loaded;
  }

  /**
   * Starts a worker with the model if there is none.
   * @returns {Promise<void>}
   */
  start() {
    this.#started ??= this.#start().catch((error) => {
      this.#drop();
      throw error;
    });
    return this.#started;
  }

  async #start() {
    for (;;) {
      const lost = this.#lost;
      try {
        return await this.#startOnce();
      } catch (error) {
        // Once more, if it was the GPU.
        if (this.#lost === lost) throw error;
      }
    }
  }

  async #startOnce() {
    const { signal } = this.#stop;
    this.loading = true;
    this.#loaded = 0;
    let loaded;
    try {
      loaded = await weights(this.#model, signal, (loaded) => {
        this.#loaded = loaded;
        // Finished is when it has been checked as well.
        if (loaded < 1) for (const listener of this.listeners) listener(loaded);
      });
    } finally {
      this.loading = false;
    }
    signal.throwIfAborted();
    await new Promise((resolve, reject) => {
      this.#refuse = reject;
      try {
        const worker = startWorker(
          (message) => worker === this.#worker && this.#receive(message, resolve),
          (error) => worker === this.#worker && this.#crash(messageOf(error)),
        );
        this.#worker = worker;
        const { source, target } = this.#model.entry;
        const { buffer } = loaded.bytes;
        const gpu = { backend: this.#lost === null ? this.#backend : "cpu", memory: recall(this.#model) };
        worker.post({ type: "load", weights: buffer, parts: loaded.parts, source, target, ...gpu }, [buffer]);
      } catch (error) {
        reject(exception("OperationError", `The translator's worker could not be started: ${messageOf(error)}`, error));
      }
    });
    this.#refuse = null;
    this.#worker?.keepAlive(this.#pending.size > 0);
  }

  /**
   * Sends a request.
   * @param {Omit<Request, "type" | "id">} request
   * @param {(part: Part) => void} onpart
   * @returns {Call}
   */
  call(request, onpart) {
    const id = this.#next;
    this.#next += 1;
    const promise = new Promise((/** @type {(report: Report) => void} */ resolve, reject) => {
      const credit = request.credit ?? null;
      this.#pending.set(id, { request, credit, delivery: new Delivery(), sent: false, resolve, reject, onpart });
      this.#worker?.keepAlive(true);
      this.#send(id);
    });
    return {
      promise,
      cancel: () => {
        const call = this.#take(id);
        if (!call) return;
        this.#worker?.post({ type: "cancel", id });
        call.reject(exception("AbortError", "The translation was cancelled."));
      },
      more: () => {
        const call = this.#pending.get(id);
        if (!call || call.credit === null) return;
        call.credit += 1;
        // Else it goes with the request.
        if (call.sent) this.#worker?.post({ type: "more", id });
      },
    };
  }

  /** @param {number} id */
  #send(id) {
    this.start().then(
      () => {
        const call = this.#pending.get(id);
        if (!call) return;
        // Where it may have to go on elsewhere, it must be known how many sentences were handed out.
        const detailed = call.request.detailed || this.#trying || this.#lost !== null;
        this.#worker?.post({ type: "translate", id, ...call.request, detailed, ...(call.credit !== null && { credit: call.credit }) });
        call.sent = true;
      },
      (error) => this.#take(id)?.reject(error),
    );
  }

  /**
   * Translates texts on both engines.
   * @param {string[]} texts
   * @returns {Promise<GpuCheck>}
   */
  async compare(texts) {
    const { check } = await this.call({ texts, check: true }, () => {}).promise;
    if (!check) throw exception("OperationError", "The engines were not compared.");
    return check.sentences === 0 && this.#lost ? { ...check, fault: this.#lost } : check;
  }

  /** Ends one use; after the last, the worker ends. */
  release() {
    this.users -= 1;
    if (this.users > 0) return;
    this.#onunused();
    const reason = exception("AbortError", "The translator was destroyed.");
    this.#stop.abort(reason);
    this.#fail(reason);
  }

  /**
   * @param {any} message see `worker.js`
   * @param {(value: void) => void} onloaded
   */
  #receive(message, onloaded) {
    switch (message.type) {
      case "loaded":
        return onloaded();
      case "refused":
        return this.#refuse?.(exception(message.name, message.message));
      case "part":
        return this.#part(message);
      case "done":
        return this.#done(message);
      case "gpu":
        if (message.trying !== undefined) this.#trying = message.trying;
        if (message.memory) remember(this.#model, message.memory);
        if (message.report) this.gpu = message.report;
        return;
      case "crashed":
        return this.#crash(message.message);
    }
  }

  /**
   * Ends a call.
   * @param {number} id
   * @returns {Pending | undefined}
   */
  #take(id) {
    const call = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0 && !this.#refuse) this.#worker?.keepAlive(false);
    return call;
  }

  /** @param {Report} report */
  #done(report) {
    const call = this.#take(report.id);
    call?.resolve(call.delivery.resumed && this.#lost ? { ...report, fault: this.#lost } : report);
  }

  /** @param {Part} part */
  #part(part) {
    const call = this.#pending.get(part.id);
    if (!call) return;
    const fresh = call.delivery.next(part);
    if (call.credit !== null && part.text !== "") {
      // The reader was promised text for its turn.
      if (fresh.text === "") this.#worker?.post({ type: "more", id: part.id });
      else call.credit -= 1;
    }
    call.onpart(call.request.detailed ? fresh : { ...fresh, sentences: [] });
  }

  /** @param {string} why */
  #crash(why) {
    const error = exception("OperationError", `The translator stopped unexpectedly: ${why}. Trying again starts a fresh one.`);
    if (!this.#trying) return this.#fail(error);
    this.#lost = `it took the translator down: ${why}`;
    const { failures, calibration } = recall(this.#model);
    // The attempt may have been counted when it began. Twice is not too much for what took a worker down.
    remember(this.#model, { failures: failures + 1, calibration });
    const nothing = { adapter: null, calibration: null, batches: { cpu: 0, gpu: 0 } };
    this.gpu = { ...nothing, ...this.gpu, backend: this.#backend, active: false, fault: this.#lost };
    const refuse = this.#refuse;
    this.#end();
    // While it was being started, that begins again by itself.
    if (refuse) return refuse(error);
    this.#started = null;
    for (const [id, call] of this.#pending) {
      call.delivery.resume();
      call.sent = false;
      this.#send(id);
    }
  }

  /** @param {DOMException} error */
  #fail(error) {
    const calls = [...this.#pending.values()];
    this.#pending.clear();
    this.#refuse?.(error);
    this.#drop();
    for (const call of calls) call.reject(error);
  }

  /** Forgets the worker, so that the next call starts another. */
  #drop() {
    this.#end();
    this.#started = null;
  }

  #end() {
    this.#worker?.terminate();
    this.#worker = null;
    this.#refuse = null;
    this.#trying = false;
  }
}
