/**
 * The page's end of a worker with a model: starts it, sends it requests, and starts another if it dies.
 *
 * Translators of the same model share one engine, and so one download and one worker. Whatever happens, every call settles:
 * if the worker dies, the calls it had are rejected, and the next call starts a fresh worker.
 */

import { exception, messageOf } from "./errors.js";
import { keyOf, weights } from "./models.js";
import { startWorker } from "./platform.js";

/** @typedef {import("./models.js").Model} Model */
/** @typedef {import("../worker.js").Request} Request */
/** @typedef {import("../worker.js").Part} Part */
/** @typedef {import("../worker.js").Report} Report */

/**
 * A request under way.
 * @typedef {object} Call
 * @property {Promise<Report>} promise
 * @property {() => void} cancel stops the work; the promise rejects if it has not settled
 * @property {() => void} more allows one more part, where the request counts them
 */

/**
 * @typedef {object} Pending
 * @property {(report: Report) => void} resolve
 * @property {(error: unknown) => void} reject
 * @property {(part: Part) => void} onpart
 */

/** Engines in use. @type {Map<string, Engine>} */
const engines = new Map();

/**
 * The engine for a model, counted as used once more: {@link Engine.release} it in the end.
 * @param {Model} model
 * @returns {Engine}
 */
export function acquire(model) {
  const key = keyOf(model);
  let engine = engines.get(key);
  if (!engine) {
    engine = new Engine(model, () => engines.delete(key));
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
  return engines.get(keyOf(model))?.loading ?? false;
}

export class Engine {
  users = 0;
  loading = false;
  /** Told of the download: 0 to 1. @type {Set<(loaded: number) => void>} */
  listeners = new Set();
  #model;
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

  /**
   * @param {Model} model
   * @param {() => void} onunused
   */
  constructor(model, onunused) {
    this.#model = model;
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
        worker.post({ type: "load", weights: buffer, parts: loaded.parts, source, target }, [buffer]);
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
      this.#pending.set(id, { resolve, reject, onpart });
      this.#worker?.keepAlive(true);
      this.start().then(
        () => this.#pending.has(id) && this.#worker?.post({ type: "translate", id, ...request }),
        (error) => this.#take(id)?.reject(error),
      );
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
        if (this.#pending.has(id)) this.start().then(() => this.#worker?.post({ type: "more", id }), () => {});
      },
    };
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
        return this.#pending.get(message.id)?.onpart(message);
      case "done":
        return this.#take(message.id)?.resolve(message);
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

  /** @param {string} why */
  #crash(why) {
    this.#fail(exception("OperationError", `The translator stopped unexpectedly: ${why}. Trying again starts a fresh one.`));
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
    this.#worker?.terminate();
    this.#worker = null;
    this.#refuse = null;
    this.#started = null;
  }
}
