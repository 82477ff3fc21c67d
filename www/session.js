/**
 * Decides what is translated when: the newest text wins, older work is cancelled, and the model is prepared once.
 *
 * It knows nothing of the page: it reports a {@link State} whenever something changed.
 */

/** @typedef {typeof import("../pkg/index.js")} Package */
/** @typedef {import("../pkg/index.js").Translator} Translator */
/** @typedef {import("../pkg/index.js").DetailedTranslation} DetailedTranslation */
/** @typedef {import("../pkg/index.js").Progress} Progress */
/** @typedef {{ source: string, target: string }} Pair */
/** @typedef {{ promise: Promise<Translator>, translator: Translator | null, abort: AbortController, loaded: number }} Preparation */

/**
 * @typedef {{ kind: "empty" }
 *   | { kind: "waiting" }
 *   | { kind: "preparing", loaded: number }
 *   | { kind: "translating", progress: Progress | null }
 *   | { kind: "done", source: string, pair: Pair, result: DetailedTranslation }
 *   | { kind: "stopped" }
 *   | { kind: "failed", error: unknown }} State
 */

/** Attention of longer texts is neither computed nor shown: tens of thousands of elements help nobody. */
export const LONGEST_LINKED = 20_000;

export class Session {
  #load;
  #backend;
  #models;
  #report;
  /** @type {Pair} */
  #pair;
  #text = "";
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** The translation in progress. @type {AbortController | null} */
  #work = null;
  /** The model in preparation or ready. @type {Preparation | null} */
  #model = null;

  /**
   * @param {object} options
   * @param {() => Promise<Package>} options.load
   * @param {URL} options.models address of the manifest
   * @param {() => import("../pkg/index.js").Backend} [options.backend] the engine to use
   * @param {Pair} options.pair
   * @param {(state: State) => void} options.report
   */
  constructor({ load, models, backend = () => "auto", pair, report }) {
    this.#load = load;
    this.#backend = backend;
    this.#models = models;
    this.#pair = pair;
    this.#report = report;
  }

  get pair() {
    return this.#pair;
  }

  /** @param {Pair} pair */
  setPair(pair) {
    this.#halt();
    this.#release();
    this.#pair = pair;
  }

  /**
   * The text changed: translate it when typing pauses.
   * @param {string} text
   */
  input(text) {
    this.#halt();
    this.#text = text;
    if (!text.trim()) {
      this.#report({ kind: "empty" });
      return;
    }
    this.#report({ kind: "waiting" });
    this.#timer = setTimeout(() => void this.#run(), text.length < 2_000 ? 120 : 400);
  }

  /**
   * Translates at once, again if need be.
   * @param {string} text
   */
  now(text) {
    this.#halt();
    this.#text = text;
    if (text.trim()) void this.#run();
    else this.#report({ kind: "empty" });
  }

  /** Stops translating and downloading. What was translated stays. */
  cancel() {
    const busy = this.#work !== null || this.#timer !== undefined;
    const preparing = this.#model !== null && this.#model.loaded < 1;
    this.#halt();
    if (preparing) this.#release();
    if (busy) this.#report({ kind: "stopped" });
    else if (preparing) this.#report({ kind: "empty" });
  }

  /** Prepares the model, so that the first translation does not wait for it. A failure is reported when there is a text. */
  async prepare() {
    if (this.#text.trim()) return;
    try {
      await this.#prepared();
    } catch {
      // The translation that needs it tries again, and reports.
    }
    if (!this.#work && !this.#text.trim()) this.#report({ kind: "empty" });
  }

  /** What became of the GPU; undefined as long as there is no translator. */
  get gpu() {
    return this.#model?.translator?.gpu;
  }

  /** Lets go of the model and its memory. What it was translating is stopped. */
  release() {
    const busy = this.#work !== null || this.#timer !== undefined;
    this.#halt();
    this.#release();
    if (busy) this.#report({ kind: "stopped" });
  }

  #halt() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#work?.abort();
    this.#work = null;
  }

  #release() {
    this.#model?.abort.abort();
    this.#model = null;
  }

  /** @returns {Promise<Translator>} */
  #prepared() {
    if (this.#model) return this.#model.promise;
    const abort = new AbortController();
    /** @param {number} loaded */
    const progress = (loaded) => {
      if (this.#model !== model) return;
      model.loaded = loaded;
      if (loaded < 1) this.#report({ kind: "preparing", loaded });
    };
    /** @type {Preparation} */
    const model = { abort, loaded: 0, translator: null, promise: this.#create(abort.signal, progress) };
    this.#model = model;
    model.promise.then(
      (translator) => {
        model.translator = translator;
        progress(1);
      },
      () => {
        if (this.#model === model) this.#model = null;
      },
    );
    return model.promise;
  }

  /**
   * @param {AbortSignal} signal
   * @param {(loaded: number) => void} progress 0 to less than 1
   */
  async #create(signal, progress) {
    const { source, target } = this.#pair;
    const { Translator } = await this.#load();
    signal.throwIfAborted();
    return Translator.create({
      sourceLanguage: source,
      targetLanguage: target,
      models: this.#models,
      backend: this.#backend(),
      signal,
      monitor: (monitor) => {
        monitor.addEventListener("downloadprogress", ({ loaded }) => progress(Math.min(loaded, 0.999)));
      },
    });
  }

  async #run() {
    this.#timer = undefined;
    const work = (this.#work = new AbortController());
    const { signal } = work;
    const text = this.#text;
    const pair = this.#pair;
    /** @type {State} */
    let outcome;
    try {
      if (!this.#model || this.#model.loaded < 1) this.#report({ kind: "preparing", loaded: this.#model?.loaded ?? 0 });
      const translator = await this.#prepared();
      if (signal.aborted) return;
      this.#report({ kind: "translating", progress: null });
      const result = await translator.translateDetailed(text, {
        signal,
        alignment: text.length <= LONGEST_LINKED,
        onprogress: (progress) => {
          if (!signal.aborted) this.#report({ kind: "translating", progress });
        },
      });
      outcome = { kind: "done", source: text, pair, result };
    } catch (error) {
      if (!signal.aborted) this.#release();
      outcome = { kind: "failed", error };
    }
    if (signal.aborted) return;
    this.#work = null;
    this.#report(outcome);
  }
}
