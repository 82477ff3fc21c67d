/**
 * The worker: translates off the page's thread, one request after the other.
 *
 * | to the worker | |
 * |---|---|
 * | `load` | once, first: the weights (transferred) |
 * | `translate` | a {@link Request}; requests are served in the order in which they come |
 * | `more` | allows one more part of a request that counts its parts (`credit`) |
 * | `cancel` | drops a request at once, begun or not |
 *
 * | from the worker | |
 * |---|---|
 * | `loaded`, `refused` | the answer to `load`; `refused` with the name and message of an exception |
 * | `part` | a {@link Part}: after every batch if the request is `live`, else one for each text |
 * | `done` | a {@link Report}: the request is finished |
 * | `crashed` | the engine trapped: its memory cannot be trusted, and this worker has to be replaced |
 *
 * Between batches the worker returns to its event loop, so that messages are seen. A request whose reader is slow (`credit` is
 * used up) lets those behind it pass.
 */

import { messageOf } from "./lib/errors.js";
import { connect } from "./lib/platform.js";
import { loadRuntime } from "./lib/runtime.js";
import { hasHalves, Mender } from "./lib/surrogates.js";

/**
 * @typedef {object} Request
 * @property {number} id
 * @property {string[]} texts
 * @property {number} [beam] hypotheses per sentence; by default what suits the model
 * @property {boolean} [alignment] whether sentences come with alignments
 * @property {boolean} [detailed] whether parts come with sentences
 * @property {boolean} [live] whether parts come while a text is being translated
 * @property {number} [credit] how many parts with text may be sent; without it, any number
 */

/**
 * Some more of a translation.
 * @typedef {object} Part
 * @property {number} id
 * @property {number} index which of the texts it belongs to
 * @property {string} text to append
 * @property {import("./index.d.ts").TranslatedSentence[]} sentences to append; none unless `detailed`
 * @property {number} done sentences translated so far, in all texts
 * @property {number} total sentences in all texts
 */

/**
 * @typedef {object} Report
 * @property {number} id
 * @property {string} instructions
 * @property {number} milliseconds
 * @property {number} words in the input
 */

/**
 * A text of a job.
 * @typedef {object} Text
 * @property {import("./wasm/dragoman.js").Task} task
 * @property {Mender | null} mender
 */

/**
 * A request that has been begun.
 * @typedef {object} Job
 * @property {Request} request
 * @property {Text[]} texts those that remain
 * @property {number} total
 * @property {number} before sentences in the texts that are finished
 * @property {string} text not yet sent
 * @property {import("./index.d.ts").TranslatedSentence[]} sentences not yet sent
 * @property {number} words in the texts that are finished
 * @property {number} milliseconds
 */

/** @type {typeof import("./wasm/dragoman.js")} */
let runtime;
/** @type {import("./wasm/dragoman.js").Engine} */
let engine;

/** Requests that are not finished, oldest first. @type {Map<number, Request>} */
const queue = new Map();
/** Those of them that have been begun. @type {Map<number, Job>} */
const jobs = new Map();
let running = false;
let crashed = false;

const channel = new MessageChannel();

/** Lets the event loop turn once: timers would wait for milliseconds. */
function turn() {
  return new Promise((resolve) => {
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
}

const post = connect((message) => {
  switch (message.type) {
    case "load":
      return void load(message.weights);
    case "translate":
      queue.set(message.id, message);
      return void run();
    case "more": {
      const request = queue.get(message.id);
      if (request?.credit !== undefined) request.credit += 1;
      return void run();
    }
    case "cancel":
      return drop(message.id);
  }
});

/** @param {ArrayBuffer} weights */
async function load(weights) {
  try {
    runtime = await loadRuntime();
    engine = new runtime.Engine(new Uint8Array(weights));
    post({ type: "loaded" });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError) return crash(error);
    const name = error instanceof Error || error instanceof DOMException ? error.name : "OperationError";
    post({ type: "refused", name, message: messageOf(error) });
  }
}

/** Serves requests until all are finished or wait for their readers. */
async function run() {
  if (running || crashed) return;
  running = true;
  try {
    for (let request; (request = next()); await turn()) step(request);
  } catch (error) {
    crash(error);
  }
  running = false;
}

/** The oldest request that does not wait for its reader. */
function next() {
  for (const request of queue.values()) if (request.credit !== 0) return request;
  return undefined;
}

/** @param {unknown} error */
function crash(error) {
  crashed = true;
  post({ type: "crashed", message: messageOf(error) });
}

/**
 * Begins a request or translates its next batch.
 * @param {Request} request
 */
function step(request) {
  const start = performance.now();
  const { id, live, detailed } = request;
  let job = jobs.get(id);
  if (!job) {
    job = begin(request);
    jobs.set(id, job);
  }
  const [current] = job.texts;
  if (current) {
    const { task, mender } = current;
    const more = engine.advance(task) && task.done() < task.total();
    let text = task.takeText();
    const sentences = detailed || mender ? task.takeSentences() : [];
    const done = job.before + (more ? task.done() : task.total());
    if (!more) {
      // Frees it as well.
      const rest = task.finish();
      text += rest.text;
      job.words += rest.words;
      job.before = done;
      job.texts.shift();
    }
    job.text += mender ? mender.mend(text, sentences, !more) : text;
    if (detailed) for (const sentence of sentences) job.sentences.push(sentence);
    if (live || !more) {
      const index = request.texts.length - job.texts.length - (more ? 0 : 1);
      if (request.credit !== undefined && job.text !== "") request.credit -= 1;
      post({ type: "part", id, index, text: job.text, sentences: job.sentences, done, total: job.total });
      job.text = "";
      job.sentences = [];
    }
  }
  job.milliseconds += performance.now() - start;
  if (job.texts.length > 0) return;
  const { milliseconds, words } = job;
  post({ type: "done", id, instructions: runtime.instructions(), milliseconds, words });
  drop(id);
}

/**
 * @param {Request} request
 * @returns {Job}
 */
function begin(request) {
  const texts = request.texts.map((text) => ({
    task: engine.start(text, request.beam, request.alignment ?? false),
    mender: hasHalves(text) ? new Mender(text) : null,
  }));
  const total = texts.reduce((sum, { task }) => sum + task.total(), 0);
  return { request, texts, total, before: 0, text: "", sentences: [], words: 0, milliseconds: 0 };
}

/** @param {number} id */
function drop(id) {
  for (const { task } of jobs.get(id)?.texts ?? []) task.free();
  jobs.delete(id);
  queue.delete(id);
}
