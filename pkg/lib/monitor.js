/** The object that tells of a download: the CreateMonitor of the W3C APIs. */

/** Least time between two events, in milliseconds. */
const INTERVAL = 50;

/** Browsers have ProgressEvent, Node has not. */
const EventType = /** @type {typeof ProgressEvent} */ (
  globalThis.ProgressEvent ??
    class ProgressEvent extends Event {
      /** @param {string} type @param {ProgressEventInit} init */
      constructor(type, { lengthComputable = false, loaded = 0, total = 0 }) {
        super(type);
        Object.assign(this, { lengthComputable, loaded, total });
      }
    }
);

/** Fires `downloadprogress` events with `loaded` from 0 to 1. */
export class CreateMonitor extends EventTarget {
  /** @type {((event: ProgressEvent) => unknown) | null} */
  #handler = null;

  get ondownloadprogress() {
    return this.#handler;
  }

  set ondownloadprogress(handler) {
    const listener = /** @type {EventListener} */ (/** @type {unknown} */ (this.#listener));
    this.removeEventListener("downloadprogress", listener);
    this.#handler = typeof handler === "function" ? handler : null;
    if (this.#handler) this.addEventListener("downloadprogress", listener);
  }

  #listener = (/** @type {ProgressEvent} */ event) => this.#handler?.call(this, event);
}

/** Makes reports of progress into events: never backwards, not too many, and always 0 first and 1 last. */
export class Reporter {
  #monitor;
  #fired = -1;
  #latest = -1;
  #time = -Infinity;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;

  /** @param {CreateMonitor} monitor */
  constructor(monitor) {
    this.#monitor = monitor;
  }

  /** @param {number} loaded 1 only when everything is ready */
  report(loaded) {
    if (loaded <= this.#latest) return;
    this.#latest = loaded;
    const rest = loaded === 1 ? 0 : this.#time + INTERVAL - performance.now();
    if (rest <= 0) this.#fire();
    else this.#timer ??= setTimeout(() => this.#fire(), rest);
  }

  /** What has not been told stays untold. */
  stop() {
    clearTimeout(this.#timer);
  }

  #fire() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#latest === this.#fired) return;
    this.#fired = this.#latest;
    this.#time = performance.now();
    const progress = { lengthComputable: true, loaded: this.#latest, total: 1 };
    this.#monitor.dispatchEvent(new EventType("downloadprogress", progress));
  }
}
