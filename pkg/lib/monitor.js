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

/**
 * Makes reports of progress into events: never backwards, not too many, and always 0 first and 1 last.
 * @param {CreateMonitor} monitor
 * @returns {(loaded: number) => void}
 */
export function reporter(monitor) {
  let last = -1;
  let time = -Infinity;
  return (loaded) => {
    const now = performance.now();
    const edge = loaded === 0 || loaded === 1;
    // Finished means checked and stored, which is for the caller to say.
    if (loaded <= last || (!edge && now - time < INTERVAL)) return;
    last = loaded;
    time = now;
    monitor.dispatchEvent(new EventType("downloadprogress", { lengthComputable: true, loaded, total: 1 }));
  };
}
