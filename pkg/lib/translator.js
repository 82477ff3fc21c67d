/** The class `Translator`: the shape of the W3C Translator API, as `index.d.ts` says. */

import { acquire, isLoading } from "./engine.js";
import { exception } from "./errors.js";
import { backendOf } from "./gpu.js";
import { canonical } from "./languages.js";
import { addressOf } from "./manifest.js";
import { ADDED, choose, givenModel, idOf, isStored, knownModels, models, registryModels, route } from "./models.js";
import { CreateMonitor, Reporter } from "./monitor.js";
import { Pivot } from "./pivot.js";
import { instructions, unsupported } from "./runtime.js";
import { until } from "./until.js";

/**
 * @typedef {import("../index.d.ts").TranslatorCoreOptions} TranslatorCoreOptions
 * @typedef {import("../index.d.ts").TranslateOptions} TranslateOptions
 * @typedef {import("../worker.js").Part} Part
 */

/** Shows that the constructor is called from here. */
const OWN = Symbol("own");

export class Translator {
  /** @type {import("./engine.js").Engine | Pivot} */
  #engine;
  /** Aborted in the end. */
  #life = new AbortController();
  /** @type {string} */
  #sourceLanguage;
  /** @type {string} */
  #targetLanguage;

  /**
   * @param {symbol} own
   * @param {import("./engine.js").Engine | Pivot} engine
   * @param {{ from: string, to: string }} direction
   */
  constructor(own, engine, { from, to }) {
    if (own !== OWN) throw new TypeError("Illegal constructor: use Translator.create()");
    this.#engine = engine;
    this.#sourceLanguage = from;
    this.#targetLanguage = to;
  }

  /**
   * @param {TranslatorCoreOptions} options
   * @returns {Promise<import("../index.d.ts").Availability>}
   */
  static async availability(options) {
    const { from, to } = direction(options);
    const { way } = await plan(options, from, to);
    if (way.length === 0 || instructions() === null) return "unavailable";
    if (way.some(isLoading)) return "downloading";
    return (await Promise.all(way.map(isStored))).every(Boolean) ? "available" : "downloadable";
  }

  /**
   * @param {import("../index.d.ts").TranslatorCreateOptions} options
   * @returns {Promise<Translator>}
   */
  static async create(options) {
    const { from, to } = direction(options);
    const { signal, monitor } = options;
    const backend = backendOf(options.backend);
    signal?.throwIfAborted();
    const events = new CreateMonitor();
    monitor?.(/** @type {import("../index.d.ts").CreateMonitor} */ (/** @type {unknown} */ (events)));
    const progress = new Reporter(events);
    const report = (/** @type {number} */ loaded) => progress.report(loaded);

    const { way, all } = await until(plan(options, from, to, signal), signal);
    if (way.length === 0) {
      const offered = all.map(({ entry }) => `${entry.source} to ${entry.target}`).join(", ") || "none";
      throw exception("NotSupportedError", `No model translates ${from} to ${to}; available: ${offered}.`);
    }
    if (instructions() === null) throw unsupported();

    const engine = engineFor(way, backend);
    try {
      report(0);
      engine.listeners.add(report);
      await until(engine.start(), signal);
      report(1);
      signal?.throwIfAborted();
    } catch (error) {
      engine.release();
      throw error;
    } finally {
      engine.listeners.delete(report);
      progress.stop();
    }
    const translator = new Translator(OWN, engine, { from, to });
    if (signal) {
      const abort = () => translator.#end(signal.reason);
      signal.addEventListener("abort", abort);
      translator.#life.signal.addEventListener("abort", () => signal.removeEventListener("abort", abort));
    }
    return translator;
  }

  /**
   * @param {import("../index.d.ts").SourceOptions} [options]
   * @returns {Promise<import("../index.d.ts").Direction[]>}
   */
  static async directions(options) {
    return directionsOf(await models(options));
  }

  /**
   * @param {import("../index.d.ts").RegistryOptions} [options]
   * @returns {Promise<import("../index.d.ts").RegistryModel[]>}
   */
  static async registry({ registry = true, cacheFolder, signal } = {}) {
    signal?.throwIfAborted();
    const all = await until(registryModels({ registry, cacheFolder }, signal ?? undefined), signal);
    return all.map(({ entry, offer }) => ({
      sourceLanguage: entry.source,
      targetLanguage: entry.target,
      bytes: entry.bytes,
      architecture: offer?.architecture ?? "",
      released: offer?.released ?? false,
      licence: entry.licence,
    }));
  }

  /**
   * @param {import("../index.d.ts").TranslatorAddOptions} options
   * @returns {Promise<void>}
   */
  static async add(options) {
    const { from, to } = direction(options);
    options.signal?.throwIfAborted();
    if (instructions() === null) throw unsupported();
    const model = await until(givenModel(options, { from, to }), options.signal);
    // Only what can be used is kept.
    const engine = acquire(model, "cpu");
    try {
      await until(engine.start(), options.signal);
    } finally {
      engine.release();
    }
    const bytes = new Uint8Array(await /** @type {Blob} */ (model.content).arrayBuffer());
    if (!(await model.store.write(model.entry, bytes))) {
      throw exception("QuotaExceededError", "There is no space to keep the model on this device.");
    }
  }

  /**
   * @param {TranslatorCoreOptions} options
   * @returns {Promise<void>}
   */
  static async remove(options) {
    const { from, to } = direction(options);
    const model = choose(named(await models(options), options), from, to);
    await model?.store.remove(model.entry);
  }

  get gpu() {
    return this.#engine.gpu;
  }

  /**
   * @param {readonly string[]} texts
   * @returns {Promise<import("../index.d.ts").GpuCheck>}
   */
  async checkGpu(texts) {
    this.#check();
    return until(this.#engine.compare(texts.map((text) => `${text}`)), this.#life.signal);
  }

  get sourceLanguage() {
    return this.#sourceLanguage;
  }

  get targetLanguage() {
    return this.#targetLanguage;
  }

  get inputQuota() {
    return Infinity;
  }

  /**
   * @overload
   * @param {string} input
   * @param {TranslateOptions} [options]
   * @returns {Promise<string>}
   */
  /**
   * @overload
   * @param {readonly string[]} input
   * @param {TranslateOptions} [options]
   * @returns {Promise<string[]>}
   */
  /**
   * @param {string | readonly string[]} input
   * @param {TranslateOptions} [options]
   * @returns {Promise<string | string[]>}
   */
  async translate(input, options) {
    given(arguments);
    const texts = Array.isArray(input) ? input.map((text) => `${text}`) : [`${input}`];
    const { translations } = await this.#translate(texts, options);
    return Array.isArray(input) ? translations : translations[0];
  }

  /**
   * @param {string} input
   * @param {import("../index.d.ts").DetailOptions} [options]
   * @returns {Promise<import("../index.d.ts").DetailedTranslation>}
   */
  async translateDetailed(input, options) {
    given(arguments);
    const alignment = options?.alignment ?? true;
    const { translations, sentences, report } = await this.#translate([`${input}`], options, { detailed: true, alignment });
    const { instructions, milliseconds, words, backend, fault } = report;
    const engine = { backend, ...(fault !== undefined && { fault }), instructions, milliseconds, words };
    return { text: translations[0], sentences, engine };
  }

  /**
   * @param {string} input
   * @param {TranslateOptions} [options]
   * @returns {ReadableStream<string>}
   */
  translateStreaming(input, options) {
    given(arguments);
    const { signal, onprogress } = options ?? {};
    /** @type {import("./engine.js").Call | undefined} */
    let call;
    let over = false;
    let wake = () => {};
    /** @type {ReadableStream<string>} */
    const stream = new ReadableStream({
      start: (controller) => {
        const end = (/** @type {() => void} */ act) => {
          if (!over) act();
          over = true;
          wake();
        };
        try {
          const text = `${input}`;
          this.#check(signal);
          let soFar = "";
          call = this.#engine.call({ texts: [text], beam: beamOf(options), live: true, credit: 0 }, (part) => {
            if (over) return;
            soFar += part.text;
            if (part.text !== "") controller.enqueue(part.text);
            try {
              onprogress?.({ done: part.done, total: part.total, text: soFar, index: 0 });
            } catch (error) {
              end(() => controller.error(error));
              call?.cancel();
            }
            if (part.text !== "") wake();
          });
        } catch (error) {
          return end(() => controller.error(error));
        }
        until(call.promise, this.#life.signal, signal).then(
          () => end(() => controller.close()),
          (error) => {
            end(() => controller.error(error));
            call?.cancel();
          },
        );
      },
      pull: () =>
        new Promise((resolve) => {
          wake = () => resolve();
          if (over) wake();
          call?.more();
        }),
      cancel: () => {
        over = true;
        call?.cancel();
      },
    });
    return stream;
  }

  /**
   * @param {string} input
   * @param {{ signal?: AbortSignal | null }} [options]
   * @returns {Promise<number>}
   */
  async measureInputUsage(input, options) {
    void `${input}`;
    this.#check(options?.signal);
    // Whoever aborts right after the call is heard, as everywhere.
    return until(Promise.resolve(0), this.#life.signal, options?.signal);
  }

  destroy() {
    this.#end(exception("AbortError", "The translator was destroyed."));
  }

  /**
   * @param {string[]} texts
   * @param {import("../index.d.ts").TranslateOptions} [options]
   * @param {{ detailed?: boolean, alignment?: boolean }} [detail]
   */
  async #translate(texts, options, detail) {
    const { signal, onprogress } = options ?? {};
    this.#check(signal);
    const beam = beamOf(options);
    const translations = texts.map(() => "");
    /** @type {import("../index.d.ts").TranslatedSentence[]} */
    const sentences = [];
    const thrown = new AbortController();
    const call = this.#engine.call({ texts, beam, live: onprogress !== undefined, ...detail }, (part) => {
      translations[part.index] += part.text;
      for (const sentence of part.sentences) sentences.push(sentence);
      if (thrown.signal.aborted) return;
      try {
        onprogress?.({ done: part.done, total: part.total, text: translations[part.index], index: part.index });
      } catch (error) {
        thrown.abort(error);
      }
    });
    try {
      const report = await until(call.promise, this.#life.signal, signal, thrown.signal);
      return { translations, sentences, report };
    } catch (error) {
      call.cancel();
      throw error;
    }
  }

  /**
   * Throws if there is nothing to start any more.
   * @param {AbortSignal | null} [signal]
   */
  #check(signal) {
    this.#life.signal.throwIfAborted();
    signal?.throwIfAborted();
  }

  /** @param {unknown} reason */
  #end(reason) {
    if (this.#life.signal.aborted) return;
    this.#life.abort(reason);
    this.#engine.release();
  }
}

/**
 * The models that a translator needs, and all there are. A registry is asked only where nothing else serves.
 * @param {import("../index.d.ts").TranslatorCreateOptions} options
 * @param {string} from
 * @param {string} to
 * @param {AbortSignal | null} [signal]
 * @returns {Promise<{ way: import("./models.js").Model[], all: import("./models.js").Model[] }>}
 */
async function plan(options, from, to, signal) {
  if (options.files !== undefined) {
    const model = await givenModel({ ...options, files: options.files }, { from, to });
    return { way: [model], all: [model] };
  }
  const { known, failure } = await knownModels(options);
  const way = route(named(known, options), from, to);
  if (way.length > 0) return { way, all: known };
  if (!options.registry || options.id !== undefined) {
    // It may be a model of the manifest that is missing.
    if (failure) throw failure;
    return { way, all: known };
  }
  const all = [...known, ...(await registryModels(options, signal ?? undefined))];
  return { way: route(all, from, to), all };
}

/**
 * Those of the models that the caller lets take part.
 * @param {import("./models.js").Model[]} all
 * @param {TranslatorCoreOptions} options
 */
function named(all, { id }) {
  return id === undefined ? all : all.filter((model) => idOf(model) === `${id}`);
}

/**
 * @param {import("./models.js").Model[]} way
 * @param {import("../index.d.ts").Backend} backend
 * @returns {import("./engine.js").Engine | Pivot}
 */
function engineFor(way, backend) {
  const [first, second] = way.map((model) => acquire(model, backend));
  if (!second) return first;
  const [here, there] = way.map(({ entry }) => entry.bytes);
  return new Pivot(first, second, here / (here + there));
}

/**
 * What can be translated with some models: with each of them, and with two in a row.
 * @param {import("./models.js").Model[]} all
 * @returns {Promise<import("../index.d.ts").Direction[]>}
 */
async function directionsOf(all) {
  const stored = await Promise.all(all.map(isStored));
  /** @type {import("../index.d.ts").Direction[]} */
  const direct = all.map(({ entry, origin }, i) => ({
    id: idOf(all[i]),
    sourceLanguage: entry.source,
    targetLanguage: entry.target,
    bytes: entry.bytes,
    stored: stored[i],
    licence: entry.licence,
    ...(entry.card !== undefined && origin !== ADDED && { card: addressOf(origin, entry.card) }),
    ...(origin === ADDED && { added: /** @type {const} */ (true) }),
  }));
  /** @type {import("../index.d.ts").Direction[]} */
  const indirect = [];
  for (const from of new Set(all.map(({ entry }) => entry.source))) {
    for (const to of new Set(all.map(({ entry }) => entry.target))) {
      const way = route(all, from, to);
      if (way.length !== 2) continue;
      const [first, second] = way.map((model) => direct[all.indexOf(model)]);
      indirect.push({
        sourceLanguage: from,
        targetLanguage: to,
        bytes: first.bytes + second.bytes,
        stored: first.stored && second.stored,
        licence: [...new Set([first.licence, second.licence])].join(", "),
        via: first.targetLanguage,
      });
    }
  }
  return [...direct, ...indirect];
}

/** @param {TranslatorCoreOptions} options */
function direction(options) {
  if (options === undefined || options === null) throw new TypeError("The options sourceLanguage and targetLanguage are missing.");
  return {
    from: canonical(options.sourceLanguage, "sourceLanguage"),
    to: canonical(options.targetLanguage, "targetLanguage"),
  };
}

/** As of any function of the platform: "undefined" is a text only where somebody wrote it. @param {IArguments} parameters */
function given({ length }) {
  if (length === 0) throw new TypeError("The text to translate is missing.");
}

/** @param {TranslateOptions} [options] */
function beamOf(options) {
  const beam = options?.beam;
  if (beam === undefined) return undefined;
  if (!Number.isInteger(beam) || beam < 1 || beam > 0xffff) throw new RangeError(`beam: ${beam} is not a positive whole number.`);
  return beam;
}
