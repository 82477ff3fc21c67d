/**
 * What is remembered of the GPU from one visit to the next: how fast it is for each model, and how often it failed. Page side;
 * `accelerator.js` is the worker's.
 *
 * An attempt counts as a failure until it has gone well, so that one that takes the page down counts too.
 */

import { keyOf } from "./models.js";

/** @typedef {import("../index.d.ts").Backend} Backend */
/** @typedef {import("../index.d.ts").Calibration} Calibration */

/**
 * What is known of the GPU with one model.
 * @typedef {object} Memory
 * @property {number} failures in a row
 * @property {Calibration | null} calibration
 */

/**
 * What is kept.
 * @typedef {object} Kept
 * @property {number} failures
 * @property {number} failed when, in milliseconds since 1970
 * @property {Record<string, { at: number, calibration: Calibration }>} models by what tells models apart
 */

const KEY = "dragoman.gpu";
/** Drivers and browsers change: after this many milliseconds what is remembered counts no more. */
const LIFE = 30 * 24 * 3_600_000;
/** Most models whose calibration is kept. */
const MOST = 32;

/** Where there is no storage, for as long as the page lives. */
let spare = "";

/**
 * @param {unknown} backend
 * @returns {Backend}
 */
export function backendOf(backend = "auto") {
  if (backend === "auto" || backend === "gpu" || backend === "cpu") return backend;
  throw new TypeError(`The backend must be "auto", "gpu" or "cpu", not ${JSON.stringify(backend)}.`);
}

/** @returns {Kept} */
function read() {
  /** @type {Kept} */
  const kept = { failures: 0, failed: 0, models: {} };
  try {
    // Node has a storage too, but no GPU, and warns.
    const text = typeof Worker === "function" ? (globalThis.localStorage?.getItem(KEY) ?? spare) : spare;
    const { failures, failed, models } = JSON.parse(text || "{}");
    if (Number.isInteger(failures) && failed > Date.now() - LIFE) Object.assign(kept, { failures, failed });
    for (const [key, value] of Object.entries(models ?? {})) {
      if (value.at > Date.now() - LIFE && Array.isArray(value.calibration?.timings)) kept.models[key] = value;
    }
  } catch {
    // Storage may be forbidden, or hold something else. Then nothing is remembered, and measured again.
  }
  return kept;
}

/** @param {Kept} kept */
function write(kept) {
  spare = JSON.stringify(kept);
  try {
    if (typeof Worker === "function") globalThis.localStorage?.setItem(KEY, spare);
  } catch {
    // See above.
  }
}

/**
 * @param {import("./models.js").Model} model
 * @returns {Memory}
 */
export function recall(model) {
  const { failures, models } = read();
  return { failures, calibration: models[keyOf(model)]?.calibration ?? null };
}

/**
 * @param {import("./models.js").Model} model
 * @param {Memory} memory
 */
export function remember(model, { failures, calibration }) {
  const kept = read();
  if (failures > kept.failures) kept.failed = Date.now();
  kept.failures = failures;
  const key = keyOf(model);
  if (calibration && JSON.stringify(kept.models[key]?.calibration) !== JSON.stringify(calibration)) {
    delete kept.models[key];
    const others = Object.entries(kept.models).slice(1 - MOST);
    kept.models = { ...Object.fromEntries(others), [key]: { at: Date.now(), calibration } };
  }
  write(kept);
}
