/** SentencePiece vocabularies, as far as writing a model for one needs. */

import { readFile } from "node:fs/promises";

/**
 * The source language's vocabulary in a weights file of this project: a safetensors file, that is a header's length, the header in
 * JSON, and data.
 * @param {string} path
 */
export async function vocabularyOf(path) {
  const file = await readFile(path);
  const start = 8 + Number(file.readBigUInt64LE(0));
  const [from, to] = JSON.parse(file.toString("utf8", 8, start))["source.spm"].data_offsets;
  return new Uint8Array(file.subarray(start + from, start + to));
}

/**
 * The number of pieces: how often field 1 stands in the protocol buffer `ModelProto`.
 * @param {Uint8Array} vocabulary
 */
export function piecesIn(vocabulary) {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = vocabulary[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  let pieces = 0;
  while (at < vocabulary.length) {
    const key = varint();
    if (key >> 3 === 1) pieces += 1;
    const type = key & 7;
    if (type === 0) varint();
    else if (type === 2) {
      const length = varint();
      at += length;
    } else at += type === 1 ? 8 : 4;
  }
  return pieces;
}

/**
 * A vocabulary with more pieces, which no text has: it is cut as before, but the network is as wide as for the larger one.
 * @param {Uint8Array} vocabulary
 * @param {number} count pieces in all
 */
export function enlarged(vocabulary, count) {
  /** @param {number} field @param {Buffer} bytes */
  const message = (field, bytes) => Buffer.concat([Buffer.from([(field << 3) | 2, bytes.length]), bytes]);
  const score = Buffer.alloc(5);
  score[0] = (2 << 3) | 5;
  score.writeFloatLE(-100, 1);
  const parts = [Buffer.from(vocabulary)];
  for (let id = piecesIn(vocabulary); id < count; id++) {
    // Private characters.
    const name = Buffer.from(`\u{f0000}${id}`);
    parts.push(message(1, Buffer.concat([message(1, name), score])));
  }
  return new Uint8Array(Buffer.concat(parts));
}
