/** Marian's binary files as far as Firefox's models use them: version 1 of the container, int8 weights, lexical shortlists. */

/** @typedef {{ shape: [number, number], values: Float32Array }} Tensor row-major */
/** @typedef {{ name: string, type: number, shape: number[], data: Uint8Array }} Item */

const TYPES = { int8: 0x0101, float32: 0x0404, intgemm8: 0x4101 };
const ALIGNMENT = 256;

/** @param {number} length */
const padded = (length) => Math.ceil(length / ALIGNMENT) * ALIGNMENT;

/** Ordinary weights are those whose last part begins with a W: `encoder_l1_self_Wq`, `decoder_l1_rnn_W`. @param {string} name */
export const isWeight = (name) => /_W.?$/.test(name);

/**
 * A matrix in int8 with one multiplier q = 127 / max |w| behind it.
 * @param {Tensor} tensor
 * @param {boolean} transposed whether columns are stored one after the other
 */
function quantised({ shape: [rows, columns], values }, transposed) {
  let largest = 0;
  for (const value of values) largest = Math.max(largest, Math.abs(value));
  const multiplier = Math.fround(127 / largest);
  const data = new Uint8Array(padded(values.length + 4));
  const bytes = new Int8Array(data.buffer, 0, values.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const at = transposed ? column * rows + row : row * columns + column;
      bytes[at] = Math.max(-127, Math.min(127, Math.round(values[row * columns + column] * multiplier)));
    }
  }
  new DataView(data.buffer).setFloat32(values.length, multiplier, true);
  return data;
}

/** @param {Float32Array} values */
function floats(values) {
  const data = new Uint8Array(padded(values.byteLength));
  data.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  return data;
}

/**
 * A model file.
 * @param {Map<string, Tensor>} tensors
 * @param {Map<string, number>} multipliers of activations, by the name of the weight, `Wemb` for the output layer
 * @param {string} configuration YAML
 */
export function modelFile(tensors, multipliers, configuration) {
  /** @type {Item[]} */
  const items = [];
  for (const [name, tensor] of tensors) {
    items.push(
      name === "Wemb" || isWeight(name)
        ? { name, type: TYPES.intgemm8, shape: tensor.shape, data: quantised(tensor, name !== "Wemb") }
        : { name, type: TYPES.float32, shape: tensor.shape, data: floats(tensor.values) },
    );
  }
  for (const [name, multiplier] of multipliers) {
    const scalar = floats(Float32Array.of(multiplier));
    if (name === "Wemb") {
      // Its name makes Marian's converter quantise the scalar itself.
      const data = quantised({ shape: [1, 1], values: Float32Array.of(multiplier) }, false);
      items.push({ name: "Wemb_QuantMultA", type: TYPES.intgemm8, shape: [1, 1], data });
      items.push({ name: "none_QuantMultA", type: TYPES.float32, shape: [1, 1], data: scalar });
    } else {
      items.push({ name: `${name}_QuantMultA`, type: TYPES.float32, shape: [1, 1], data: scalar });
    }
  }
  items.sort((a, b) => (a.name < b.name ? -1 : 1));
  const yaml = new TextEncoder().encode(`${configuration}\0`);
  items.push({ name: "special:model.yml", type: TYPES.int8, shape: [yaml.length], data: yaml });

  const names = items.map(({ name }) => new TextEncoder().encode(`${name}\0`));
  const sum = (/** @type {number[]} */ lengths) => lengths.reduce((a, b) => a + b, 0);
  const header = 16 + 32 * items.length + sum(names.map(({ length }) => length)) + 4 * sum(items.map(({ shape }) => shape.length));
  const start = (Math.floor((header + 8) / ALIGNMENT) + 1) * ALIGNMENT;
  const file = new Uint8Array(start + sum(items.map(({ data }) => data.length)));
  const view = new DataView(file.buffer);
  let at = 0;
  const u64 = (/** @type {number} */ value) => {
    view.setBigUint64(at, BigInt(value), true);
    at += 8;
  };
  const put = (/** @type {Uint8Array} */ bytes) => {
    file.set(bytes, at);
    at += bytes.length;
  };
  u64(1);
  u64(items.length);
  items.forEach(({ type, shape, data }, i) => [names[i].length, type, shape.length, data.length].forEach(u64));
  names.forEach(put);
  for (const { shape } of items) {
    for (const dimension of shape) {
      view.setInt32(at, dimension, true);
      at += 4;
    }
  }
  u64(start - at - 8);
  at = start;
  for (const { data } of items) put(data);
  return file;
}

/**
 * A lexical shortlist.
 * @param {number[][]} lists target ids for each source id, ascending
 * @param {number} first so many of the most frequent target ids are always candidates
 */
export function shortlistFile(lists, first) {
  const entries = lists.flat();
  const words = 6 + lists.length + 1;
  const file = new Uint8Array(8 * words + 4 * entries.length);
  const view = new DataView(file.buffer);
  const longest = Math.max(...lists.map(({ length }) => length));
  [0xf11a48d5013417f5n, 0n, BigInt(first), BigInt(longest), BigInt(lists.length + 1), BigInt(entries.length)].forEach((value, i) =>
    view.setBigUint64(8 * i, value, true),
  );
  let offset = 0;
  lists.forEach((list, id) => {
    view.setBigUint64(8 * (6 + id), BigInt(offset), true);
    offset += list.length;
  });
  view.setBigUint64(8 * (words - 1), BigInt(offset), true);
  entries.forEach((id, i) => view.setUint32(8 * words + 4 * i, id, true));
  let checksum = 0n;
  for (let at = 16; at + 8 <= file.length; at += 8) {
    const mixed = view.getBigUint64(at, true) + 0x9e3779b9n + (checksum << 6n) + (checksum >> 2n);
    checksum ^= mixed & 0xffff_ffff_ffff_ffffn;
  }
  view.setBigUint64(8, checksum, true);
  return file;
}
