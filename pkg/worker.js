/**
 * The worker: translates off the page's thread, one request after the other.
 *
 * | to the worker | |
 * |---|---|
 * | `load` | once, first: a {@link Load}, whose weights are transferred |
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
import { loadRuntime } from "./lib/load.js";
import { isMarian, unbundle } from "./lib/parts.js";
import { connect } from "./lib/platform.js";
import { hasHalves, Mender } from "./lib/surrogates.js";

/**
 * A model: a weights file, or a bundle of a Firefox translation model's files.
 * @typedef {object} Load
 * @property {ArrayBuffer} weights
 * @property {import("./lib/parts.js").Part[]} [parts] of the bundle
 * @property {string} source language; a weights file names its own
 * @property {string} target language
 */

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
 * Some texts that are translated together, which is much faster where they are short.
 * @typedef {object} Group
 * @property {import("./wasm/dragoman.js").Task} task
 * @property {number} first index of its first text
 * @property {Unsent[]} texts
 */

/**
 * What of a translation has been made and not yet sent.
 * @typedef {object} Unsent
 * @property {Mender | null} mender
 * @property {string} text
 * @property {import("./index.d.ts").TranslatedSentence[]} sentences
 */

/**
 * A request that has been begun.
 * @typedef {object} Job
 * @property {Group[]} groups those that remain
 * @property {number} total sentences
 * @property {number} before sentences in the groups that are finished
 * @property {number} words in the groups that are finished
 * @property {number} milliseconds
 */

/** Most texts of a group, and most code units if it has several. */
const GROUP = { texts: 16, units: 4_096 };

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
      return void load(message);
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

/** @param {Load} message */
async function load({ weights, parts, source, target }) {
  try {
    runtime = await loadRuntime();
    const bytes = new Uint8Array(weights);
    const { model = bytes, sourceVocabulary, targetVocabulary, shortlist } = unbundle(bytes, parts ?? []);
    engine =
      sourceVocabulary && isMarian(model)
        ? runtime.Engine.fromMarian(model, sourceVocabulary, targetVocabulary, shortlist, source, target)
        : new runtime.Engine(model);
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
 * Begins a request if need be, and translates its next batch.
 * @param {Request} request
 */
function step(request) {
  const start = performance.now();
  const { id } = request;
  let job = jobs.get(id);
  if (!job) {
    job = begin(request);
    jobs.set(id, job);
  }
  const [group] = job.groups;
  if (group) advance(request, job, group);
  job.milliseconds += performance.now() - start;
  if (job.groups.length > 0) return;
  const { milliseconds, words } = job;
  post({ type: "done", id, instructions: runtime.instructions(), milliseconds, words });
  drop(id);
}

/**
 * Translates the next batch of a group.
 * @param {Request} request
 * @param {Job} job
 * @param {Group} group
 */
function advance(request, job, { task, first, texts }) {
  const more = engine.advance(task) && task.done() < task.total();
  const total = task.total();
  const done = job.before + (more ? task.done() : total);
  texts.forEach((unsent, i) => {
    const text = task.takeText(i);
    const sentences = request.detailed || unsent.mender ? task.takeSentences(i) : [];
    unsent.text += unsent.mender?.mend(text, sentences, false) ?? text;
    if (request.detailed) for (const sentence of sentences) unsent.sentences.push(sentence);
  });
  if (!more) {
    task.finish().forEach(({ text, words }, i) => {
      texts[i].text += texts[i].mender?.mend(text, [], true) ?? text;
      job.words += words;
    });
    job.before += total;
    job.groups.shift();
  }
  if (more && !request.live) return;

  const changed = texts.flatMap(({ text, sentences }, i) => (text !== "" || sentences.length > 0 ? [i] : []));
  if (request.credit !== undefined && texts.some(({ text }) => text !== "")) request.credit -= 1;
  // Without new text there still is progress to tell of.
  for (const i of changed.length > 0 ? changed : [0]) {
    const { text, sentences } = texts[i];
    post({ type: "part", id: request.id, index: first + i, text, sentences, done, total: job.total });
    texts[i].text = "";
    texts[i].sentences = [];
  }
}

/**
 * @param {Request} request
 * @returns {Job}
 */
function begin({ texts, beam, alignment = false }) {
  /** @type {Group[]} */
  const groups = [];
  for (let first = 0, next; first < texts.length; first = next) {
    let units = texts[first].length;
    for (next = first + 1; next < texts.length && next - first < GROUP.texts; next += 1) {
      units += texts[next].length;
      if (units > GROUP.units) break;
    }
    const members = texts.slice(first, next);
    groups.push({
      task: engine.start(members, beam, alignment),
      first,
      texts: members.map((text) => ({ mender: hasHalves(text) ? new Mender(text) : null, text: "", sentences: [] })),
    });
  }
  const total = groups.reduce((sum, { task }) => sum + task.total(), 0);
  return { groups, total, before: 0, words: 0, milliseconds: 0 };
}

/** @param {number} id */
function drop(id) {
  for (const { task } of jobs.get(id)?.groups ?? []) task.free();
  jobs.delete(id);
  queue.delete(id);
}
