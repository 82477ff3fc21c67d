/**
 * Firefox's student network in float32: a transformer encoder, and a decoder whose first sub-layer is an SSRU,
 *
 *     f = sigmoid(x Wf + bf),   c = f c + (1 - f) x W,   x = norm(x + relu(c)).
 *
 * Slow and plain: it only serves to find the ranges of the activations of a random model.
 */

/** @typedef {import("./container.mjs").Tensor} Tensor */
/** @typedef {{ width: number, inner: number, encoder: number, decoder: number, heads: number }} Shape */
/** @typedef {{ key: Float32Array[], value: Float32Array[] }} Memory */

const EPSILON = 1e-6;

export class Network {
  /** What went into each weight: the largest magnitude of each call. @type {Map<string, number[]>} */
  inputs = new Map();
  /** Standard deviations before each layer normalisation. @type {Map<string, number[]>} */
  deviations = new Map();

  /** @param {Shape} shape @param {Map<string, Tensor>} tensors */
  constructor(shape, tensors) {
    this.shape = shape;
    this.tensors = tensors;
  }

  /** @param {string} name */
  #tensor(name) {
    const tensor = this.tensors.get(name);
    if (!tensor) throw new Error(`there is no tensor ${name}`);
    return tensor;
  }

  /** @param {Map<string, number[]>} map @param {string} name @param {number} value */
  #record(map, name, value) {
    const list = map.get(name);
    if (list) list.push(value);
    else map.set(name, [value]);
  }

  /** @param {string} name @param {Float32Array} x @param {string} [bias] */
  #affine(name, x, bias) {
    const { shape, values } = this.#tensor(name);
    const columns = shape[1];
    const y = bias ? this.#tensor(bias).values.slice() : new Float32Array(columns);
    let largest = 0;
    for (let row = 0; row < x.length; row++) {
      const factor = x[row];
      largest = Math.max(largest, Math.abs(factor));
      const start = row * columns;
      for (let column = 0; column < columns; column++) y[column] += factor * values[start + column];
    }
    this.#record(this.inputs, name, largest);
    return y;
  }

  /** @param {string} name @param {Float32Array} x @param {Float32Array} change */
  #normalised(name, x, change) {
    const scale = this.#tensor(`${name}_ln_scale`).values;
    const bias = this.#tensor(`${name}_ln_bias`).values;
    const y = x.map((value, i) => value + change[i]);
    const mean = y.reduce((a, b) => a + b, 0) / y.length;
    const deviation = Math.sqrt(y.reduce((sum, value) => sum + (value - mean) ** 2, 0) / y.length);
    this.#record(this.deviations, name, deviation);
    return y.map((value, i) => (scale[i] * (value - mean)) / Math.sqrt(deviation ** 2 + EPSILON) + bias[i]);
  }

  /** @param {string} name @param {Float32Array[]} rows @returns {Memory} */
  #memory(name, rows) {
    return {
      key: rows.map((row) => this.#affine(`${name}_Wk`, row, `${name}_bk`)),
      value: rows.map((row) => this.#affine(`${name}_Wv`, row, `${name}_bv`)),
    };
  }

  /** @param {string} name @param {Float32Array} x @param {Memory} memory */
  #attended(name, x, { key, value }) {
    const { width, heads } = this.shape;
    const size = width / heads;
    const query = this.#affine(`${name}_Wq`, x, `${name}_bq`);
    const context = new Float32Array(width);
    for (let from = 0; from < width; from += size) {
      const scores = key.map((row) => {
        let score = 0;
        for (let i = from; i < from + size; i++) score += query[i] * row[i];
        return score / Math.sqrt(size);
      });
      const highest = Math.max(...scores);
      const weights = scores.map((score) => Math.exp(score - highest));
      const total = weights.reduce((a, b) => a + b, 0);
      weights.forEach((weight, t) => {
        for (let i = from; i < from + size; i++) context[i] += (weight / total) * value[t][i];
      });
    }
    return this.#normalised(`${name}_Wo`, x, this.#affine(`${name}_Wo`, context, `${name}_bo`));
  }

  /** @param {string} name @param {Float32Array} x */
  #fed(name, x) {
    const inner = this.#affine(`${name}_W1`, x, `${name}_b1`).map((value) => Math.max(value, 0));
    return this.#normalised(`${name}_ffn`, x, this.#affine(`${name}_W2`, inner, `${name}_b2`));
  }

  /** All sines, then all cosines. @param {number | null} id @param {number} position */
  #embedded(id, position) {
    const { width } = this.shape;
    const { values } = this.#tensor("Wemb");
    return Float32Array.from({ length: width }, (_, i) => {
      const angle = position * frequency(i % (width / 2), width);
      const wave = i < width / 2 ? Math.sin(angle) : Math.cos(angle);
      return (id === null ? 0 : values[id * width + i] * Math.sqrt(width)) + wave;
    });
  }

  /** @param {number[]} ids @returns {Memory[]} for each layer of the decoder */
  encode(ids) {
    let rows = ids.map((id, t) => this.#embedded(id, t));
    for (let layer = 1; layer <= this.shape.encoder; layer++) {
      const name = `encoder_l${layer}`;
      const memory = this.#memory(`${name}_self`, rows);
      rows = rows.map((row) => this.#fed(`${name}_ffn`, this.#attended(`${name}_self`, row, memory)));
    }
    return Array.from({ length: this.shape.decoder }, (_, layer) => this.#memory(`decoder_l${layer + 1}_context`, rows));
  }

  /**
   * Decodes greedily.
   * @param {number[]} ids the source, with its end
   * @param {number[]} candidates target ids, the end (0) first
   * @param {number} steps
   * @param {(step: number, end: number, best: number) => boolean} onstep told the logit of the end without its bias, and that of the
   *   best other candidate; returns whether to stop
   */
  decode(ids, candidates, steps, onstep) {
    const { width, decoder } = this.shape;
    const { values } = this.#tensor("Wemb");
    const bias = this.#tensor("decoder_ff_logit_out_b").values;
    const memories = this.encode(ids);
    const cells = Array.from({ length: decoder }, () => new Float32Array(width));
    /** @type {number | null} */
    let previous = null;
    for (let t = 0; t < steps; t++) {
      let x = this.#embedded(previous, t);
      for (let layer = 0; layer < decoder; layer++) {
        const name = `decoder_l${layer + 1}`;
        const input = this.#affine(`${name}_rnn_W`, x);
        const gate = this.#affine(`${name}_rnn_Wf`, x, `${name}_rnn_bf`).map((value) => 1 / (1 + Math.exp(-value)));
        cells[layer] = cells[layer].map((cell, i) => gate[i] * cell + (1 - gate[i]) * input[i]);
        x = this.#normalised(`${name}_rnn_ffn`, x, cells[layer].map((cell) => Math.max(cell, 0)));
        x = this.#attended(`${name}_context`, x, memories[layer]);
        x = this.#fed(`${name}_ffn`, x);
      }
      this.#record(this.inputs, "Wemb", x.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0));
      const product = (/** @type {number} */ id) => {
        let sum = 0;
        for (let i = 0; i < width; i++) sum += x[i] * values[id * width + i];
        return sum;
      };
      let [best, highest] = [0, -Infinity];
      for (const id of candidates) {
        const logit = product(id) + bias[id];
        // Neither the end nor the unknown piece.
        if (id > 1 && logit > highest) [best, highest] = [id, logit];
      }
      if (onstep(t, product(0), highest)) return;
      previous = best;
    }
  }
}

/**
 * Of the sine number `i`.
 * @param {number} i
 * @param {number} width
 */
export function frequency(i, width) {
  return Math.exp((-i * Math.log(10_000)) / (width / 2 - 1));
}
