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
 * | `gpu` | what became of the GPU, and what to remember of it |
 * | `crashed` | the engine trapped, or waits for the GPU for ever: this worker has to be replaced |
 *
 * Between batches the worker returns to its event loop, so that messages are seen; so it does while it splits the texts of a large
 * request, whose sentences are counted before the first is translated. A request whose reader is slow (`credit` is used up) lets
 * those behind it pass.
 */

import { Accelerator, NoAnswer } from "./lib/accelerator.js";
import { probe } from "./lib/adapter.js";
import { messageOf } from "./lib/errors.js";
import { loadRuntime, loadRuntimeWithGpu } from "./lib/load.js";
import { discard } from "./lib/memory.js";
import { isMarian, unbundle } from "./lib/parts.js";
import { connect, turn } from "./lib/platform.js";
import { hasHalves, Mender } from "./lib/surrogates.js";

/**
 * A model: a weights file, or a bundle of a Firefox translation model's files.
 * @typedef {object} Load
 * @property {ArrayBuffer} weights
 * @property {import("./lib/parts.js").Part[]} [parts] of the bundle
 * @property {string} source language; a weights file names its own
 * @property {string} target language
 * @property {import("./index.d.ts").Backend} backend
 * @property {import("./lib/gpu.js").Memory} memory what is remembered of the GPU
 */

/**
 * @typedef {object} Request
 * @property {number} id
 * @property {string[]} texts
 * @property {boolean} [check] whether to compare both engines instead
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
 * @property {"cpu" | "gpu"} backend the GPU if it had a part in it
 * @property {string} [fault] what kept the GPU from it
 * @property {import("./index.d.ts").GpuCheck} [check]
 */

/**
 * Some texts that are translated together, which is much faster where they are short.
 * @typedef {object} Group
 * @property {number} first index of its first text
 * @property {number} end index after its last text
 * @property {Split | null} split null where it has only been counted
 */

/**
 * The texts of a group, split into sentences.
 * @typedef {object} Split
 * @property {import("./wasm/dragoman.js").Task} task
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
 * @property {number} counted texts whose sentences are in `total`; none is translated before all are
 * @property {number} total sentences
 * @property {number} before sentences in the groups that are finished
 * @property {number} words in the groups that are finished
 * @property {number} milliseconds
 * @property {"cpu" | "gpu"} backend
 * @property {string} [fault]
 */

/** Milliseconds without a request after which the GPU is looked for, and sentences for which it is at once. */
const IDLE = 1_500;
const MANY = 100;
/** Milliseconds that whoever asks for the GPU by name waits for it before the CPU begins. */
const LOOK = 10_000;

/** Most texts of a group, and most code units if it has several. */
const GROUP = { texts: 16, units: 4_096 };
/** Milliseconds that texts are split for before messages are looked at again. */
const SLICE = 20;
/** Most groups that are kept split until it is their turn: memory does not grow with the request, and most are split only once. */
const KEPT = 64;

/** @type {typeof import("./wasm/dragoman.js")} */
let runtime;
/** @type {import("./wasm/dragoman.js").Engine} */
let engine;
/** @type {Accelerator} */
let accelerator;
/** Whether the engine can use the GPU. */
let withGpu = false;
/** Whether anything was translated yet. */
let begun = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let idle;
/** The request that a batch is being translated of. @type {number | null} */
let busy = null;

/** Requests that are not finished, oldest first. @type {Map<number, Request>} */
const queue = new Map();
/** Those of them that have been begun. @type {Map<number, Job>} */
const jobs = new Map();
let running = false;
let crashed = false;

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
      queue.delete(message.id);
      // What the engine is using goes when it is back.
      if (busy !== message.id) drop(message.id);
  }
});

/** @param {Load} message */
async function load({ weights, parts, source, target, backend, memory }) {
  try {
    const why = await chooseRuntime(backend, memory);
    const bytes = new Uint8Array(weights);
    const { model = bytes, sourceVocabulary, targetVocabulary, shortlist } = unbundle(bytes, parts ?? []);
    engine =
      sourceVocabulary && isMarian(model)
        ? runtime.Engine.fromMarian(model, sourceVocabulary, targetVocabulary, shortlist, source, target)
        : new runtime.Engine(model);
    // The engine has copied what it needs.
    discard(weights);
    accelerator = new Accelerator({
      engine: withGpu ? /** @type {any} */ (engine) : null,
      backend,
      memory,
      why,
      tell: (news) => post({ type: "gpu", ...news }),
    });
    if (backend === "gpu") await Promise.race([find(), new Promise((resolve) => setTimeout(resolve, LOOK))]);
    if (!crashed) post({ type: "loaded" });
  } catch (error) {
    if (error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error instanceof NoAnswer) return crash(error);
    const name = error instanceof Error || error instanceof DOMException ? error.name : "OperationError";
    post({ type: "refused", name, message: messageOf(error) });
  }
}

/**
 * @param {import("./index.d.ts").Backend} backend
 * @param {import("./lib/gpu.js").Memory} memory
 * @returns {Promise<string | null>} why the GPU is not used, where that has a reason
 */
async function chooseRuntime(backend, memory) {
  let { use, why } = await probe(backend, memory);
  if (use) {
    post({ type: "gpu", trying: true });
    try {
      runtime = /** @type {any} */ (await loadRuntimeWithGpu());
      withGpu = true;
      return null;
    } catch (error) {
      post({ type: "gpu", trying: false });
      why = `its program could not be loaded: ${messageOf(error)}`;
    }
  }
  runtime = await loadRuntime();
  return why;
}

/** Serves requests until all are finished or wait for their readers. */
async function run() {
  if (running || crashed) return;
  running = true;
  clearTimeout(idle);
  try {
    for (let request = next(); request; request = next()) {
      // It is found while batches are translated on the CPU.
      if (accelerator.waiting && begun && (accelerator.known || left() >= MANY)) void find();
      busy = request.id;
      await step(request);
      busy = null;
      if (!queue.has(request.id)) drop(request.id);
      await turn();
    }
    // Measuring keeps the processor busy, so it waits until nobody else does.
    if (accelerator.waiting && begun) idle = setTimeout(() => void find(), accelerator.known ? 0 : IDLE);
  } catch (error) {
    crash(error);
  }
  running = false;
}

/** Looks for the GPU. */
async function find() {
  try {
    await accelerator.attach();
  } catch (error) {
    crash(error);
  }
}

/** Sentences that are left to translate of the requests that have been begun. */
function left() {
  return [...jobs.values()].reduce((sum, { total, before }) => sum + total - before, 0);
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
 * Begins a request if need be, and translates its next batch, or counts more of its sentences.
 * @param {Request} request
 */
async function step(request) {
  const start = performance.now();
  const { id } = request;
  if (request.check) return check(request);
  let job = jobs.get(id);
  if (!job) {
    job = { groups: [], counted: 0, total: 0, before: 0, words: 0, milliseconds: 0, backend: "cpu" };
    jobs.set(id, job);
  }
  if (!count(request, job, start + SLICE)) {
    job.milliseconds += performance.now() - start;
    return;
  }
  const [group] = job.groups;
  if (group) {
    group.split ??= split(request, group);
    const { task } = group.split;
    if (accelerator.ready) {
      const { more, gpu, fault } = await accelerator.advance(/** @type {any} */ (task));
      if (gpu) job.backend = "gpu";
      if (fault) job.fault = fault;
      if (!queue.has(id)) return;
      advance(request, job, group.first, group.split, more);
    } else {
      advance(request, job, group.first, group.split, engine.advance(task));
    }
  }
  begun = true;
  job.milliseconds += performance.now() - start;
  if (job.groups.length > 0) return;
  const { milliseconds, words, backend, fault } = job;
  post({ type: "done", id, instructions: runtime.instructions(), milliseconds, words, backend, fault });
  drop(id);
}

/** @param {Request} request */
async function check({ id, texts }) {
  const check = await accelerator.compare(texts);
  post({ type: "done", id, instructions: runtime.instructions(), milliseconds: 0, words: 0, backend: "gpu", check });
  drop(id);
}

/**
 * Hands out the batch of a group that was just translated.
 * @param {Request} request
 * @param {Job} job
 * @param {number} first index of its first text
 * @param {Split} split
 * @param {boolean} translated whether there was anything left
 */
function advance(request, job, first, { task, texts }, translated) {
  const more = translated && task.done() < task.total();
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
 * Groups the texts of a request, and counts their sentences, until all are counted or time is up.
 * @param {Request} request
 * @param {Job} job
 * @param {number} deadline
 * @returns {boolean} whether all are counted
 */
function count(request, job, deadline) {
  const { texts } = request;
  while (job.counted < texts.length) {
    const group = groupFrom(texts, job.counted);
    const pieces = split(request, group);
    job.total += pieces.task.total();
    job.counted = group.end;
    job.groups.push(group);
    if (job.groups.length <= KEPT) group.split = pieces;
    else pieces.task.free();
    if (performance.now() >= deadline) return job.counted === texts.length;
  }
  return true;
}

/**
 * @param {string[]} texts
 * @param {number} first
 * @returns {Group}
 */
function groupFrom(texts, first) {
  let units = texts[first].length;
  let end = first + 1;
  for (; end < texts.length && end - first < GROUP.texts; end += 1) {
    units += texts[end].length;
    if (units > GROUP.units) break;
  }
  return { first, end, split: null };
}

/**
 * @param {Request} request
 * @param {Group} group
 * @returns {Split}
 */
function split({ texts, beam, alignment = false }, { first, end }) {
  const members = texts.slice(first, end);
  return {
    task: engine.start(members, beam, alignment),
    texts: members.map((text) => ({ mender: hasHalves(text) ? new Mender(text) : null, text: "", sentences: [] })),
  };
}

/** @param {number} id */
function drop(id) {
  for (const { split } of jobs.get(id)?.groups ?? []) split?.task.free();
  jobs.delete(id);
  queue.delete(id);
}
