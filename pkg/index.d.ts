/**
 * Dragoman: translation inside the browser tab (or Node 20.16+): private, offline, fast.
 *
 * The shape is that of the W3C Translator API (https://webmachinelearning.github.io/translation-api/), with extensions that
 * keep it: arrays in and out, alignment, progress. Nothing is ever written over a native `self.Translator`.
 */

export type Availability = "unavailable" | "downloadable" | "downloading" | "available";

/** Where the models come from and where they are kept. */
export interface SourceOptions {
  /**
   * Address of the `manifest.json` that lists the models; in Node it may be a path. Default: `models/manifest.json` beside this
   * package's `index.js`; bundlers move that file, so name the address where one is used.
   */
  models?: string | URL;
  /**
   * A registry of Firefox's translation models, asked where no other model serves: its address, or `true` for Mozilla's own at
   * storage.googleapis.com. Default: none, and nothing is asked. A model that comes from it is kept on this device.
   */
  registry?: string | URL | boolean;
  /** Node only: the folder for downloaded weights. Default: `$DRAGOMAN_CACHE`, or `dragoman` in the user's cache folder. */
  cacheFolder?: string;
}

export interface TranslatorCoreOptions extends SourceOptions {
  /** BCP 47 tag of the language to translate from. */
  sourceLanguage: string;
  /** BCP 47 tag of the language to translate into. */
  targetLanguage: string;
  /** This model of the direction and no other: its `id` in {@link Direction}. Default: the first one that translates the direction. */
  id?: string;
}

export interface TranslatorCreateOptions extends TranslatorCoreOptions {
  /** Aborts the creation; after it, destroys the translator. */
  signal?: AbortSignal | null;
  /**
   * What computes: "gpu" wherever it can, "cpu", or "auto" (the default), which measures once which is faster for which size of
   * batch and remembers that. What the GPU cannot do, or fails at, the CPU does.
   */
  backend?: Backend;
  /** Called once with an object that fires `downloadprogress`. */
  monitor?: (monitor: CreateMonitor) => void;
  /** Use these files, and nothing else; they are not kept. */
  files?: ModelFiles;
}

/** A file: its address (in Node also its path), the file itself, or its content; packed with gzip or not. */
export type FileSource = string | URL | Blob | ArrayBuffer | ArrayBufferView;

/** The files of a Firefox translation model; or a weights file of this project, which needs no others. */
export interface ModelFiles {
  /** The weights: `model.deen.intgemm.alphas.bin` or the like. */
  model: FileSource;
  /** The vocabulary of the source language, or of both: `vocab.deen.spm` or `srcvocab.deen.spm`. */
  sourceVocabulary?: FileSource;
  /** The vocabulary of the target language where it has one of its own: `trgvocab.deen.spm`. */
  targetVocabulary?: FileSource;
  /** Which target words to consider for each source word: `lex.50.50.deen.s2t.bin`. Much faster with it. */
  shortlist?: FileSource;
}

export interface TranslatorAddOptions {
  sourceLanguage: string;
  targetLanguage: string;
  files: ModelFiles;
  licence?: string;
  cacheFolder?: string;
  signal?: AbortSignal | null;
}

export interface RegistryOptions {
  /** Its address, or `true` for Mozilla's own. Default `true`. */
  registry?: string | URL | boolean;
  cacheFolder?: string;
  signal?: AbortSignal | null;
}

/** A model that a registry offers and that is not on this device. */
export interface RegistryModel {
  sourceLanguage: string;
  targetLanguage: string;
  /** Size in bytes, unpacked, as far as the registry tells; the download is about a fifth smaller. */
  bytes: number;
  /** `tiny`, `base`, `base-memory`, ... */
  architecture: string;
  /** Whether Firefox itself uses it. */
  released: boolean;
  licence: string;
}

/** The browser's `ProgressEvent`, described here for projects without the types of the DOM. */
export interface DownloadProgressEvent extends Event {
  readonly lengthComputable: boolean;
  /** From 0 to 1. */
  readonly loaded: number;
  /** Always 1. */
  readonly total: number;
}

/** Fires `downloadprogress` events whose `loaded` goes from 0 to 1 while `total` is 1. */
export interface CreateMonitor extends EventTarget {
  ondownloadprogress: ((event: DownloadProgressEvent) => unknown) | null;
  addEventListener(
    type: "downloadprogress",
    listener: (event: DownloadProgressEvent) => unknown,
    options?: Parameters<EventTarget["addEventListener"]>[2],
  ): void;
  addEventListener(...parameters: Parameters<EventTarget["addEventListener"]>): void;
  removeEventListener(
    type: "downloadprogress",
    listener: (event: DownloadProgressEvent) => unknown,
    options?: Parameters<EventTarget["removeEventListener"]>[2],
  ): void;
  removeEventListener(...parameters: Parameters<EventTarget["removeEventListener"]>): void;
}

export interface TranslateOptions {
  /** Stops the work; the promise rejects with the signal's reason. */
  signal?: AbortSignal | null;
  /** Number of hypotheses kept per sentence: 1 is fastest. Default: what suits the model. */
  beam?: number;
  /** Called after every batch of sentences. */
  onprogress?: (progress: Progress) => void;
}

export interface DetailOptions extends TranslateOptions {
  /** Report which source words each target word attended to. Default true. */
  alignment?: boolean;
}

/** How far a translation has come. */
export interface Progress {
  /** Sentences translated so far. */
  done: number;
  /** Sentences in all. */
  total: number;
  /** The translation so far: always a beginning of the whole. Of several texts, that of the one numbered `index`. */
  text: string;
  /** Which of several texts is being translated, from 0. */
  index: number;
}

/** A half-open range of UTF-16 code units, as for `String.prototype.slice`. */
export interface TextRange {
  start: number;
  end: number;
}

/** A translation with everything that is known about it. */
export interface DetailedTranslation {
  text: string;
  sentences: TranslatedSentence[];
  engine: EngineReport;
}

export interface TranslatedSentence {
  /** Where the sentence stands in the input. */
  source: TextRange;
  /** Where its translation stands in the output. */
  target: TextRange;
  /** Length-normalised log-probability: nearer to 0 is surer. */
  score: number;
  /** False where there was nothing to translate and the text was copied. */
  translated: boolean;
  alignment: Alignment | null;
}

export interface Alignment {
  /** Source tokens, in the input. */
  source: TextRange[];
  /** Target tokens, in the output. */
  target: TextRange[];
  /** `[target][source]`, row-major: how much each target token attended to each source token. Rows sum to at most 1. */
  weights: Float32Array;
}

/** What computes. */
export type Backend = "auto" | "gpu" | "cpu";

/** What became of the GPU. */
export interface GpuReport {
  /** What was asked for. */
  backend: Backend;
  /** Whether the GPU can be used; with "auto" it is for batches that are large enough, see `calibration`. */
  active: boolean;
  /** The device; null where there is none, or it has not been looked for: with "auto" that is done after the first translation. */
  adapter: { name: string; software: boolean; packed: boolean; f16: boolean; subgroups: boolean } | null;
  /** What was measured for "auto", now or on an earlier visit; kept for 30 days. */
  calibration: Calibration | null;
  /** Why the GPU is not used, in words; null where it is, or was measured to be slower. */
  fault: string | null;
  /** Batches translated so far. */
  batches: { cpu: number; gpu: number };
}

/** How long both engines take for the same sentences. */
export interface Calibration {
  timings: { sentences: number; cpu: number; gpu: number }[];
  /** The GPU is used for batches of at least so many sentences; never if null. */
  least: number | null;
}

/** How far the translations of both engines agree. */
export interface GpuCheck {
  /** Sentences compared; 0 where the GPU could not take part. */
  sentences: number;
  /** Those with the same translation. */
  same: number;
  /** Largest difference of the scores of those. */
  difference: number;
  /** A text whose translations differ, and both, the CPU's first. */
  example: [string, string, string] | null;
  /** Why the GPU could not take part. */
  fault?: string;
}

/** Which engine ran and how fast. */
export interface EngineReport {
  /** "gpu" where the GPU had a part in it. */
  backend: "cpu" | "gpu";
  /** What kept the GPU from translating this, where it was tried: the CPU did it then. */
  fault?: string;
  /** `relaxed-simd`, `simd128`, ... */
  instructions: string;
  /** Time spent translating, without waiting in the queue. */
  milliseconds: number;
  /** Words in the input (Chinese characters count as one each). */
  words: number;
}

/** A direction that can be translated. Of several for the same languages, the first is used. */
export interface Direction {
  /** Names the model, for `create`, `availability` and `remove`; absent where two models are used in a row. */
  id?: string;
  sourceLanguage: string;
  targetLanguage: string;
  /** Size of the weights in bytes. */
  bytes: number;
  /** Whether the weights are already stored on this device. */
  stored: boolean;
  licence: string;
  /** Address of the model card, a text in Markdown, where the manifest names one. */
  card?: string;
  /** Present where the model is on this device by the user's doing and in no manifest. */
  added?: true;
  /** Present where two models are used in a row: the language between them. */
  via?: string;
}

export class Translator {
  private constructor();

  /**
   * Whether a direction can be translated, and whether that needs a download first.
   *
   * Rejects with RangeError (malformed tag), TypeError (missing option), or NetworkError or DataError (the list of models cannot be
   * had, and no stored model serves the direction).
   */
  static availability(options: TranslatorCoreOptions): Promise<Availability>;

  /**
   * Downloads what is missing, checks it and prepares a translator. Where no model serves the direction but two in a row do, it
   * uses those, sentence by sentence.
   *
   * Rejects with RangeError (malformed tag), NotSupportedError (no such pair, no WebAssembly SIMD, or weights for a newer
   * version), NetworkError (download failed), DataError (the weights are not what the manifest says, or unsound),
   * OperationError (could not start), the signal's reason, or what `monitor` threw.
   */
  static create(options: TranslatorCreateOptions): Promise<Translator>;

  /**
   * The directions there are, also those that two models in a row make possible. A registry is not asked.
   *
   * Without the list of models, those of the stored ones; rejects with NetworkError or DataError if there are none.
   */
  static directions(options?: SourceOptions): Promise<Direction[]>;

  /**
   * Removes the stored weights of a direction from this device; translators that exist go on. Where several models translate the
   * direction, it removes those of the first, or of the one that `id` names. Where two models in a row serve the direction, it removes
   * neither: they have directions of their own.
   */
  static remove(options: TranslatorCoreOptions): Promise<void>;

  /**
   * What a registry offers, preferred models of a direction first. Rejects with NetworkError or DataError.
   */
  static registry(options?: RegistryOptions): Promise<RegistryModel[]>;

  /**
   * Keeps a model on this device, from files that the user has. Later it is used like those that were downloaded, and comes first.
   *
   * Rejects with RangeError (malformed tag), NetworkError (a file cannot be read), DataError (they are no such model),
   * NotSupportedError (no WebAssembly SIMD, or a kind of model that this version does not know), QuotaExceededError (no space),
   * OperationError, or the signal's reason.
   */
  static add(options: TranslatorAddOptions): Promise<void>;

  readonly sourceLanguage: string;
  readonly targetLanguage: string;
  /** What became of the GPU, as far as that is known; null with "cpu". */
  readonly gpu: GpuReport | null;

  /** Translates texts with both engines, and says how far they agree. Rejects like `translate`. */
  checkGpu(texts: readonly string[]): Promise<GpuCheck>;

  /** Infinity: text of any length is translated piece by piece. */
  readonly inputQuota: number;

  /**
   * Translates a text. White space and line breaks are kept; text with nothing to translate comes back as it is.
   *
   * Like every call, rejects with the signal's reason, with AbortError after `destroy()`, and with OperationError if the worker
   * died; the next call then starts another.
   */
  translate(input: string, options?: TranslateOptions): Promise<string>;
  /** Translates several texts, independently of each other. */
  translate(input: readonly string[], options?: TranslateOptions): Promise<string[]>;

  /** Translates a text and tells where each part of the output comes from. */
  translateDetailed(input: string, options?: DetailOptions): Promise<DetailedTranslation>;

  /** The translation as a stream of strings to concatenate. Not every browser can `for await` over it; `getReader()` works in all. */
  translateStreaming(input: string, options?: TranslateOptions): ReadableStream<string>;

  /** Always 0: there is no quota. */
  measureInputUsage(input: string, options?: { signal?: AbortSignal | null }): Promise<number>;

  /** Later and pending calls reject with AbortError. With the last translator of a model, its worker and memory go. */
  destroy(): void;
}
