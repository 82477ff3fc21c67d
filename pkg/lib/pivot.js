/**
 * Two engines in a row: German to English, English to Chinese.
 *
 * Sentences stay what the first engine found; each of its translations is a text for the second one. Attention is multiplied: with
 * overlaps counted in code units of the language between,
 *
 *     A[t][s] = sum_p B[t][p] · sum_q |p ∩ q| / |p| · C[q][s]
 *
 * where B is the second engine's attention and C the first one's, and p and q are their tokens.
 */

/** @typedef {import("../index.d.ts").TranslatedSentence} Sentence */
/** @typedef {import("../index.d.ts").Alignment} Alignment */
/** @typedef {import("./engine.js").Engine} Engine */
/** @typedef {import("./engine.js").Call} Call */
/** @typedef {import("../worker.js").Part} Part */
/** @typedef {import("../worker.js").Report} Report */
/** @typedef {Omit<import("../worker.js").Request, "type" | "id">} Request */

/** Between characters such as these stands no space. */
const CLOSED = "[\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\u3000-\\u303f\\uff00-\\uffef\u2026\u201d\u2019]";
const ENDS_CLOSED = new RegExp(`${CLOSED}$`, "u");
const BEGINS_CLOSED = new RegExp(`^${CLOSED}`, "u");

/** What has been made of one text. */
class Progress {
  /** Code units of the language between that have been passed on. */
  taken = 0;
  /** White space between that waits for what comes after it. */
  gap = "";
  text = "";
}

export class Pivot {
  /** Told of the downloads: 0 to 1. @type {Set<(loaded: number) => void>} */
  listeners = new Set();
  #first;
  #second;
  #share;
  /** What part of each has arrived. @type {[number, number]} */
  #loaded = [0, 0];
  /** @type {[(loaded: number) => void, (loaded: number) => void]} */
  #hear = [(loaded) => this.#tell(0, loaded), (loaded) => this.#tell(1, loaded)];

  /**
   * @param {Engine} first
   * @param {Engine} second
   * @param {number} share of the bytes that are the first one's, 0 to 1
   */
  constructor(first, second, share) {
    this.#first = first;
    this.#second = second;
    this.#share = share;
    first.listeners.add(this.#hear[0]);
    second.listeners.add(this.#hear[1]);
  }

  /** @param {0 | 1} which @param {number} loaded */
  #tell(which, loaded) {
    this.#loaded[which] = loaded;
    const all = this.#share * this.#loaded[0] + (1 - this.#share) * this.#loaded[1];
    for (const listener of this.listeners) listener(Math.min(all, 0.999));
  }

  async start() {
    await Promise.all([this.#first.start().then(() => this.#tell(0, 1)), this.#second.start().then(() => this.#tell(1, 1))]);
  }

  release() {
    this.#first.listeners.delete(this.#hear[0]);
    this.#second.listeners.delete(this.#hear[1]);
    this.#first.release();
    this.#second.release();
  }

  /** What became of the GPU with both. @returns {import("../index.d.ts").GpuReport | null} */
  get gpu() {
    const [first, second] = [this.#first.gpu, this.#second.gpu];
    if (!first || !second) return first ?? second;
    return {
      ...first,
      active: first.active || second.active,
      adapter: first.adapter ?? second.adapter,
      // Each model has its own.
      calibration: null,
      fault: first.fault ?? second.fault,
      batches: { cpu: first.batches.cpu + second.batches.cpu, gpu: first.batches.gpu + second.batches.gpu },
    };
  }

  /**
   * Translates texts on both engines, with each of the models.
   * @param {string[]} texts
   * @returns {Promise<import("../index.d.ts").GpuCheck>}
   */
  async compare(texts) {
    const between = texts.map(() => "");
    const first = await this.#first.compare(texts);
    await this.#first.call({ texts }, ({ index, text }) => (between[index] += text)).promise;
    const second = await this.#second.compare(between);
    const fault = first.fault ?? second.fault;
    return {
      sentences: first.sentences + second.sentences,
      same: first.same + second.same,
      difference: Math.max(first.difference, second.difference),
      example: first.example ?? second.example,
      ...(fault !== undefined && { fault }),
    };
  }

  /**
   * @param {Request} request
   * @param {(part: Part) => void} onpart
   * @returns {Call}
   */
  call(request, onpart) {
    const { texts, beam, alignment, detailed } = request;
    const progress = texts.map(() => new Progress());
    /** Parts that wait for the second engine. @type {Part[]} */
    let waiting = [];
    /** @type {Call | null} */
    let second = null;
    let milliseconds = 0;
    let onGpu = false;
    /** @type {string | undefined} */
    let fault;
    let working = Promise.resolve();
    /** @type {Part | null} */
    let last = null;

    // Whatever has come meanwhile is translated together.
    const work = async () => {
      const parts = waiting;
      waiting = [];
      if (parts.length === 0) return;
      const sentences = parts.flatMap((part) => {
        const { taken } = progress[part.index];
        return part.sentences.filter(({ translated }) => translated).map(({ target }) => part.text.slice(target.start - taken, target.end - taken));
      });
      /** @type {{ text: string, sentences: Sentence[] }[]} */
      const found = sentences.map(() => ({ text: "", sentences: [] }));
      if (sentences.length > 0) {
        second = this.#second.call({ texts: sentences, beam, alignment, detailed }, ({ index, text, sentences }) => {
          found[index].text += text;
          found[index].sentences.push(...sentences);
        });
        const report = await second.promise;
        second = null;
        milliseconds += report.milliseconds;
        onGpu ||= report.backend === "gpu";
        fault ??= report.fault;
      }
      const translations = found.values();
      for (const part of parts) {
        const before = progress[part.index].text.length;
        const composed = compose(part, progress[part.index], () => translations.next().value ?? { text: "", sentences: [] });
        const text = progress[part.index].text.slice(before);
        last = part;
        onpart({ ...part, text, sentences: detailed ? composed : [] });
        // The reader was promised text for its turn.
        if (text === "" && part.text !== "") first.more();
      }
    };

    const first = this.#first.call({ ...request, detailed: true }, (part) => {
      waiting.push(part);
      const next = working.then(work);
      next.catch(() => {
        first.cancel();
      });
      working = next;
    });
    const promise = (async () => {
      /** @type {Report} */
      let report;
      try {
        report = await first.promise;
      } catch (error) {
        // What broke the second engine is why the first was cancelled.
        await working;
        throw error;
      }
      await working;
      progress.forEach(({ gap }, index) => {
        if (gap !== "" && last) onpart({ ...last, index, text: gap, sentences: [] });
      });
      return {
        ...report,
        milliseconds: report.milliseconds + milliseconds,
        backend: onGpu ? "gpu" : report.backend,
        fault: report.fault ?? fault,
      };
    })();
    return {
      promise,
      cancel: () => {
        first.cancel();
        second?.cancel();
      },
      more: () => first.more(),
    };
  }
}

/**
 * Adds the translations of a part's sentences to the text, and of the first engine what stands between them.
 * @param {Part} part
 * @param {Progress} progress
 * @param {() => { text: string, sentences: Sentence[] }} next the translation of the next sentence that was translated
 * @returns {Sentence[]}
 */
function compose(part, progress, next) {
  const base = progress.taken;
  const between = (/** @type {number} */ from, /** @type {number} */ to) => part.text.slice(from - base, to - base);
  const sentences = part.sentences.map((sentence) => {
    const { start, end } = sentence.target;
    progress.gap += between(progress.taken, start);
    progress.taken = end;
    const made = sentence.translated ? next() : { text: between(start, end), sentences: [] };
    if (/^ +$/.test(progress.gap) && ENDS_CLOSED.test(progress.text) && BEGINS_CLOSED.test(made.text)) progress.gap = "";
    progress.text += progress.gap;
    progress.gap = "";
    const at = progress.text.length;
    progress.text += made.text;
    return {
      ...sentence,
      target: { start: at, end: progress.text.length },
      score: made.sentences.reduce((score, inner) => Math.min(score, sentence.score + inner.score), sentence.score),
      alignment: multiplied(sentence, made.sentences, at),
    };
  });
  progress.gap += between(progress.taken, base + part.text.length);
  progress.taken = base + part.text.length;
  return sentences;
}

/**
 * The attention from the last language to the first.
 * @param {Sentence} sentence of the first engine
 * @param {Sentence[]} parts what the second engine made of its translation
 * @param {number} offset where that begins in the output
 * @returns {Alignment | null}
 */
export function multiplied({ alignment, target: range }, parts, offset) {
  if (!alignment || !parts.some((part) => part.alignment)) return null;
  const columns = alignment.source.length;
  /** @type {Alignment["target"]} */
  const target = [];
  /** @type {number[]} */
  const weights = [];
  for (const part of parts) {
    if (!part.alignment) continue;
    // What each token of the second engine's source owes to each token of the first one's.
    const middle = part.alignment.source.map(({ start, end }) => {
      const row = new Float32Array(columns);
      const [from, to] = [start + range.start, end + range.start];
      alignment.target.forEach((token, q) => {
        const overlap = Math.min(to, token.end) - Math.max(from, token.start);
        if (overlap <= 0) return;
        for (let s = 0; s < columns; s++) row[s] += (overlap / (to - from)) * alignment.weights[q * columns + s];
      });
      return row;
    });
    part.alignment.target.forEach(({ start, end }, t) => {
      target.push({ start: start + offset, end: end + offset });
      const row = new Float32Array(columns);
      middle.forEach((owed, p) => {
        const weight = part.alignment?.weights[t * middle.length + p] ?? 0;
        for (let s = 0; s < columns; s++) row[s] += weight * owed[s];
      });
      weights.push(...row);
    });
  }
  return { source: alignment.source, target, weights: Float32Array.from(weights) };
}
