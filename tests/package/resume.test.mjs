/** A translation that one worker began and another finishes: nothing twice, nothing missing, and ranges that fit. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Delivery } from "../../pkg/lib/resume.js";

/** @typedef {import("../../pkg/worker.js").Part} Part */

/**
 * The parts of a translation, cut before some sentences; white space belongs to the sentence before it, or stands at the beginning.
 * @param {string[]} sentences
 * @param {number[]} cuts
 * @returns {Part[]}
 */
function parts(sentences, cuts) {
  /** @type {Part[]} */
  const all = [];
  let place = 0;
  sentences.forEach((text, i) => {
    if (i === 0 || cuts.includes(i)) all.push({ id: 1, index: 0, text: "", sentences: [], done: i, total: sentences.length });
    const part = /** @type {Part} */ (all.at(-1));
    const target = { start: place + text.length - text.trimStart().length, end: place + text.trimEnd().length };
    const alignment = { source: [], target: [{ ...target }], weights: new Float32Array() };
    part.text += text;
    part.sentences.push({ source: { start: i, end: i + 1 }, target, score: -1, translated: true, alignment });
    place += text.length;
  });
  return all;
}

const ONE = ["  One. ", "Two.\n\n", "Three. ", "Four. ", "Five."];
/** The same sentences of another engine, longer and shorter. */
const OTHER = ["  The first one. ", "2.\n\n", "Number three. ", "4. ", "The fifth."];

for (const begun of [0, 1, 2, 3]) {
  for (const cuts of [[], [1], [1, 2, 3, 4], [2], [3, 4]]) {
    test(`after ${begun} parts of the first, the second in ${cuts.length + 1} parts`, () => {
      const delivery = new Delivery();
      const received = parts(ONE, [1, 2, 3, 4]).slice(0, begun).map((part) => delivery.next(part));
      delivery.resume();
      received.push(...parts(OTHER, cuts).map((part) => delivery.next(part)));
      const text = received.map((part) => part.text).join("");
      const expected = [...ONE.slice(0, begun), ...OTHER.slice(begun)];
      assert.equal(text, expected.join(""));
      const sentences = received.flatMap((part) => part.sentences);
      assert.deepEqual(sentences.map(({ target }) => text.slice(target.start, target.end)), expected.map((sentence) => sentence.trim()));
      assert.deepEqual(sentences.map(({ source }) => source.start), [0, 1, 2, 3, 4]);
      for (const { target, alignment } of sentences) assert.deepEqual(alignment?.target, [target]);
    });
  }
}

test("it may happen twice", () => {
  const delivery = new Delivery();
  const received = parts(ONE, [1, 2, 3, 4]).slice(0, 1).map((part) => delivery.next(part));
  delivery.resume();
  received.push(...parts(OTHER, [2, 3]).slice(0, 2).map((part) => delivery.next(part)));
  delivery.resume();
  received.push(...parts(ONE, [1, 2, 3, 4]).map((part) => delivery.next(part)));
  assert.equal(received.map((part) => part.text).join(""), [ONE[0], OTHER[1], OTHER[2], ONE[3], ONE[4]].join(""));
});

test("white space that came before any sentence stays", () => {
  const delivery = new Delivery();
  const blank = { id: 1, index: 0, text: "  ", sentences: [], done: 0, total: 5 };
  const received = [delivery.next(blank)];
  delivery.resume();
  received.push(...parts(OTHER, []).map((part) => delivery.next(part)));
  assert.equal(received.map((part) => part.text).join(""), OTHER.join(""));
});
