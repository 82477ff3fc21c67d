/**
 * A model with random weights in the files of a Firefox translation model, so that speed can be measured without a trained one.
 *
 * Speed depends on how long translations are, and a random network never ends them. So a few dimensions are reserved for a
 * counter: J holds slow sines of the position, C cosines that stay near 1, and R is where the embedding of the end of the sentence
 * lies. In the decoder's last layer head 0 looks at the source's end, subtracts its sines from those of the target's position, and
 * writes the difference to R; so the end wins about when the target is as long as the source.
 */

import { isWeight, modelFile, shortlistFile } from "./container.mjs";
import { frequency, Network } from "./network.mjs";

/** @typedef {import("./container.mjs").Tensor} Tensor */
/** @typedef {import("./network.mjs").Shape} Shape */

/** The sizes that Firefox ships. @type {Record<string, Shape>} */
export const SHAPES = {
  tiny: { width: 256, inner: 1536, encoder: 6, decoder: 2, heads: 8 },
  "base-memory": { width: 384, inner: 1536, encoder: 6, decoder: 4, heads: 8 },
  base: { width: 512, inner: 2048, encoder: 6, decoder: 2, heads: 8 },
};

/** Gain of the last layer normalisation on the counter, and how far the end's logit stays behind where lengths are equal. */
const GAIN = 20;
const MARGIN = 4;
/** Target ids that are always candidates, and for each source id, as in Firefox's lists. */
const FREQUENT = 50;
const PER_WORD = 25;
const CALIBRATION = { sentences: 6, rounds: 5 };

/**
 * Normally distributed numbers: a linear congruential generator, and Box and Muller's transform.
 * @param {number} seed
 */
function randomness(seed) {
  let state = BigInt(seed) + 0x9e3779b97f4a7c15n;
  const uniform = () => {
    state = (state * 6364136223846793005n + 1442695040888963407n) & 0xffff_ffff_ffff_ffffn;
    return (Number(state >> 32n) + 0.5) / 2 ** 32;
  };
  return {
    uniform,
    normal: () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform()),
    below: (/** @type {number} */ limit) => Math.floor(uniform() * limit),
  };
}

/** @typedef {ReturnType<typeof randomness>} Randomness */

/**
 * The dimensions of the counter.
 * @param {number} width
 */
function reserved(width) {
  const sines = Array.from({ length: width / 2 }, (_, i) => i).filter((i) => frequency(i, width) > 0.017 && frequency(i, width) < 0.03);
  const count = sines.length;
  const from = (/** @type {number} */ start) => Array.from({ length: count }, (_, i) => start + i);
  return { sines, ones: from(width - count), end: from(width - 2 * count) };
}

/**
 * @param {Shape} shape
 * @param {number} vocabulary
 * @param {Randomness} random
 * @returns {Map<string, Tensor>}
 */
function randomTensors({ width, inner, encoder, decoder }, vocabulary, random) {
  /** @type {Map<string, Tensor>} */
  const tensors = new Map();
  /** @param {string} name @param {number} rows @param {number} columns @param {number} deviation @param {number} [mean] */
  const add = (name, rows, columns, deviation, mean = 0) =>
    tensors.set(name, { shape: [rows, columns], values: Float32Array.from({ length: rows * columns }, () => mean + deviation * random.normal()) });
  const weight = (/** @type {string} */ name, /** @type {number} */ rows, /** @type {number} */ columns, gain = 1) =>
    add(name, rows, columns, gain / Math.sqrt(rows));
  const normalisation = (/** @type {string} */ name) => {
    add(`${name}_ln_scale`, 1, width, 0.1, 1);
    add(`${name}_ln_bias`, 1, width, 0.1);
  };
  const attention = (/** @type {string} */ name) => {
    for (const part of "qkvo") {
      weight(`${name}_W${part}`, width, width, part === "q" || part === "k" ? 1.5 : 1);
      add(`${name}_b${part}`, 1, width, 0.1);
    }
    normalisation(`${name}_Wo`);
  };
  const feedForward = (/** @type {string} */ name) => {
    weight(`${name}_W1`, width, inner);
    add(`${name}_b1`, 1, inner, 0.1);
    weight(`${name}_W2`, inner, width, 1.4);
    add(`${name}_b2`, 1, width, 0.1);
    normalisation(`${name}_ffn`);
  };
  for (let layer = 1; layer <= encoder; layer++) {
    attention(`encoder_l${layer}_self`);
    feedForward(`encoder_l${layer}_ffn`);
  }
  for (let layer = 1; layer <= decoder; layer++) {
    weight(`decoder_l${layer}_rnn_W`, width, width);
    weight(`decoder_l${layer}_rnn_Wf`, width, width);
    add(`decoder_l${layer}_rnn_bf`, 1, width, 0.1);
    normalisation(`decoder_l${layer}_rnn_ffn`);
    attention(`decoder_l${layer}_context`);
    feedForward(`decoder_l${layer}_ffn`);
  }
  // With random signs at the end it does not repeat the piece before.
  const last = tensors.get(`decoder_l${decoder}_ffn_ffn_ln_scale`);
  if (last) last.values = last.values.map((value) => (random.uniform() < 0.5 ? -value : value));
  add("Wemb", vocabulary, width, 1 / Math.sqrt(width));
  add("decoder_ff_logit_out_b", 1, vocabulary, 0.3);
  return tensors;
}

/**
 * Keeps the reserved dimensions free of noise, and builds the counter.
 * @param {Shape} shape
 * @param {Map<string, Tensor>} tensors
 */
function addCounter({ width, heads, decoder }, tensors) {
  const { sines, ones, end } = reserved(width);
  const all = [...sines, ...ones, ...end];
  /** @param {string} name @param {Iterable<number>} rows @param {Iterable<number>} columns @param {number} value */
  const fill = (name, rows, columns, value) => {
    const tensor = tensors.get(name);
    if (!tensor) throw new Error(`there is no tensor ${name}`);
    for (const row of rows) for (const column of columns) tensor.values[row * tensor.shape[1] + column] = value;
  };
  const range = (/** @type {number} */ count) => Array.from({ length: count }, (_, i) => i);

  for (const [name, { shape }] of tensors) {
    const [rows, columns] = shape.map(range);
    if (/_(ln_bias|bo|b2)$/.test(name)) fill(name, [0], all, 0);
    else if (name.endsWith("_ln_scale")) fill(name, [0], all, 1);
    else if (isWeight(name)) {
      if (/_W[qkv1f]?$/.test(name)) fill(name, all, columns, 0);
      if (/_W[o2]?$/.test(name)) fill(name, rows, all, 0);
    }
  }
  const [rows, columns] = [range(tensors.get("Wemb")?.shape[0] ?? 0), range(width)];
  fill("Wemb", rows, all, 0);
  fill("Wemb", [0], columns, 0);
  fill("Wemb", [0], end, (0.29 * 16) / Math.sqrt(width));

  const attention = `decoder_l${decoder}_context`;
  const head = range(width / heads);
  const everything = range(width);
  for (const part of "qkv") {
    fill(`${attention}_W${part}`, everything, head, 0);
    fill(`${attention}_b${part}`, [0], head, part === "q" ? 1 : 0);
  }
  fill(`${attention}_Wo`, head, everything, 0);
  fill(`${attention}_Wk`, [end[0]], head, 0.8);

  const feed = `decoder_l${decoder}_ffn`;
  const units = range(sines.length);
  fill(`${feed}_W1`, everything, units, 0);
  fill(`${feed}_b1`, [0], units, 2);
  fill(`${feed}_W2`, units, everything, 0);
  fill(`${feed}_b2`, [0], end, -3);
  for (const unit of units) {
    // The value at the source's end is sin(n w) - 1; what is left is sin(t w) - sin(n w) + 1.
    fill(`${attention}_Wv`, [sines[unit]], [unit], 1);
    fill(`${attention}_Wv`, [ones[unit]], [unit], -1);
    fill(`${attention}_Wo`, [unit], [sines[unit]], -1);
    fill(`${feed}_W1`, [sines[unit]], [unit], 1);
    fill(`${feed}_W1`, [ones[unit]], [unit], -1);
    fill(`${feed}_W2`, [unit], [end[unit]], 1);
  }
}

/** @param {number[]} values */
function mean(values) {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** As Marian's scripts set it: 127 / (mean + 1.1 deviations) of the largest magnitudes. @param {number[]} largest */
function multiplierOf(largest) {
  const centre = mean(largest);
  return 127 / (centre + 1.1 * Math.sqrt(mean(largest.map((value) => (value - centre) ** 2))));
}

/**
 * Sets the gain of the counter and the bias of the end, and finds the ranges of the activations.
 * @param {Shape} shape
 * @param {Map<string, Tensor>} tensors
 * @param {number[][]} sentences source ids
 * @param {(ids: number[]) => number[]} candidates
 */
function calibrate(shape, tensors, sentences, candidates) {
  const { sines, ones, end } = reserved(shape.width);
  const bias = /** @type {Tensor} */ (tensors.get("decoder_ff_logit_out_b")).values;
  const last = `decoder_l${shape.decoder}_ffn_ffn`;
  bias[0] = -1000;
  let found = bias[0];
  for (let round = 1; ; round++) {
    const final = round === CALIBRATION.rounds;
    const network = new Network(shape, tensors);
    /** @type {number[]} */
    const distances = [];
    for (const ids of sentences) {
      network.decode(ids, candidates(ids), Math.ceil(1.6 * ids.length), (t, endLogit, best) => {
        if (t === ids.length) distances.push(best - endLogit);
        return final && endLogit + found > best;
      });
    }
    if (final) {
      bias[0] = found;
      return new Map([...network.inputs].map(([name, largest]) => [name, multiplierOf(largest)]));
    }
    found = mean(distances) - MARGIN;
    // The reserved dimensions pass every normalisation as they are.
    for (const [name, deviations] of network.deviations) {
      const scale = /** @type {Tensor} */ (tensors.get(`${name}_ln_scale`)).values;
      for (const i of [...sines, ...ones, ...end]) scale[i] = mean(deviations) * (name === last ? GAIN : 1);
      if (name === last) for (const i of [...sines, ...ones]) scale[i] = 0;
    }
  }
}

/** @param {Shape} shape @param {number} vocabulary */
function configuration({ width, inner, encoder, decoder, heads }, vocabulary) {
  const settings = {
    "dec-cell": "ssru",
    "dec-cell-base-depth": 2,
    "dec-cell-high-depth": 1,
    "dec-depth": decoder,
    "dim-emb": width,
    "dim-rnn": 1024,
    "dim-vocabs": `\n  - ${vocabulary}\n  - ${vocabulary}`,
    "enc-depth": encoder,
    "enc-type": "bidirectional",
    "input-types": "\n  []",
    "layer-normalization": false,
    "lemma-dim-emb": 0,
    "output-omit-bias": false,
    skip: false,
    "tied-embeddings": false,
    "tied-embeddings-all": true,
    "tied-embeddings-src": false,
    "transformer-aan-activation": "swish",
    "transformer-aan-depth": 2,
    "transformer-aan-nogate": false,
    "transformer-decoder-autoreg": "rnn",
    "transformer-depth-scaling": false,
    "transformer-dim-aan": 2048,
    "transformer-dim-ffn": inner,
    "transformer-ffn-activation": "relu",
    "transformer-ffn-depth": 2,
    "transformer-guided-alignment-layer": "last",
    "transformer-heads": heads,
    "transformer-no-projection": false,
    "transformer-postprocess": "dan",
    "transformer-postprocess-emb": "d",
    "transformer-postprocess-top": '""',
    "transformer-preprocess": '""',
    "transformer-tied-layers": "\n  []",
    "transformer-train-position-embeddings": false,
    type: "transformer",
    "ulr": false,
    version: "v1.10.25; random weights",
  };
  return Object.entries(settings).map(([key, value]) => `${key}: ${value}\n`).join("");
}

/**
 * A model of one of {@link SHAPES}, and a shortlist for it.
 * @param {Shape} shape
 * @param {number} vocabulary pieces of the one vocabulary of both languages
 * @param {(tensors: Map<string, Tensor>) => void} [change] what a test wants different
 * @returns {{ model: Uint8Array<ArrayBuffer>, shortlist: Uint8Array<ArrayBuffer> }}
 */
export function randomModel(shape, vocabulary, change) {
  const random = randomness(1);
  const lists = Array.from({ length: vocabulary }, () =>
    [...new Set(Array.from({ length: PER_WORD }, () => random.below(vocabulary)))].sort((a, b) => a - b),
  );
  const candidates = (/** @type {number[]} */ ids) => {
    const chosen = new Set([...Array.from({ length: FREQUENT }, (_, i) => i), ...ids, ...ids.flatMap((id) => lists[id])]);
    return [...chosen].sort((a, b) => a - b);
  };
  const tensors = randomTensors(shape, vocabulary, random);
  addCounter(shape, tensors);
  change?.(tensors);
  const sentences = Array.from({ length: CALIBRATION.sentences }, (_, i) => [
    ...Array.from({ length: 5 + 4 * i }, () => 2 + random.below(vocabulary - 2)),
    0,
  ]);
  const multipliers = calibrate(shape, tensors, sentences, candidates);
  return { model: modelFile(tensors, multipliers, configuration(shape, vocabulary)), shortlist: shortlistFile(lists, FREQUENT) };
}
