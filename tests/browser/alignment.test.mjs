import assert from "node:assert/strict";
import { test } from "node:test";

import { linked, wordLinks, words } from "../../www/alignment.js";

/** @param {string} text @param {string[]} parts */
function ranges(text, parts) {
  let from = 0;
  return parts.map((part) => {
    const start = text.indexOf(part, from);
    assert.notEqual(start, -1, part);
    from = start + part.length;
    return { start, end: from };
  });
}

/**
 * @param {string} source @param {string[]} sourceTokens
 * @param {string} target @param {string[]} targetTokens
 * @param {number[]} weights
 */
function links(source, sourceTokens, target, targetTokens, weights) {
  const sentence = {
    source: { start: 0, end: source.length },
    target: { start: 0, end: target.length },
    score: -0.5,
    translated: true,
    alignment: {
      source: ranges(source, sourceTokens),
      target: ranges(target, targetTokens),
      weights: Float32Array.from(weights),
    },
  };
  return wordLinks(source, target, sentence, { source: "en", target: "zh-Hans" });
}

/** @param {string} text @param {{ start: number, end: number }[]} found */
const texts = (text, found) => found.map(({ start, end }) => text.slice(start, end));

test("words leave out white space and keep their place in the text", () => {
  const text = "Yes.  I don't\nknow";
  assert.deepEqual(texts(text, words(text, { start: 6, end: text.length }, "en")), ["I", "don't", "know"]);
  assert.deepEqual(words(text, { start: 6, end: text.length }, "en")[0], { start: 6, end: 7 });
  assert.deepEqual(words(" \n ", { start: 0, end: 3 }, "en"), []);
});

test("subwords are gathered into words", () => {
  const source = "dragons eat";
  const found = links(source, ["dra", "gons", "eat"], "龙吃", ["龙", "吃"], [0.5, 0.25, 0.25, 0.125, 0.125, 0.75]);
  assert.ok(found);
  assert.deepEqual(texts(source, found.source), ["dragons", "eat"]);
  assert.deepEqual([...found.weights], [0.75, 0.25, 0.25, 0.75]);
});

test("the rows of a word's tokens are averaged by length", () => {
  const found = links("pizza now", ["pizza", "now"], "pizzas", ["p", "izzas"], [0, 0.6, 0.6, 0]);
  assert.ok(found);
  assert.equal(found.target.length, 1);
  assert.ok(Math.abs(found.weights[0] - (5 / 6) * 0.6) < 1e-6);
  assert.ok(Math.abs(found.weights[1] - (1 / 6) * 0.6) < 1e-6);
});

test("a token across words joins those that touch, and shares its weight among the others", () => {
  const joined = links("pizza", ["pizza"], "吃披萨", ["吃", "披萨"], [1, 1]);
  assert.ok(joined);
  assert.deepEqual(texts("吃披萨", joined.target), ["吃", "披萨"]);
  const shared = links("to eat", ["to eat"], "吃", ["吃"], [0.5]);
  assert.ok(shared);
  assert.equal(shared.source.length, 2);
  assert.ok(Math.abs(shared.weights[0] - 0.2) < 1e-6 && Math.abs(shared.weights[1] - 0.3) < 1e-6);
});

test("rows sum to no more than those of the tokens", () => {
  const found = links("a b c.", ["a", "b", "c", "."], "甲乙。", ["甲", "乙", "。"], [0.4, 0.3, 0.2, 0, 0.1, 0.5, 0.1, 0, 0, 0, 0, 1]);
  assert.ok(found);
  for (let row = 0; row < found.target.length; row++) {
    const columns = found.source.length;
    const sum = found.weights.slice(row * columns, (row + 1) * columns).reduce((a, b) => a + b, 0);
    assert.ok(sum <= 1 + 1e-6 && sum > 0.5, `row ${row} sums to ${sum}`);
  }
});

test("nothing is linked where nothing was translated", () => {
  const range = { start: 0, end: 3 };
  const sentence = { source: range, target: range, score: 0, translated: false, alignment: null };
  assert.equal(wordLinks("123", "123", sentence, { source: "en", target: "zh" }), null);
  assert.equal(links("   ", [], "甲", ["甲"], []), null);
});

test("links are found from both sides, strongest first", () => {
  const found = links("a b", ["a", "b"], "龙吃", ["龙", "吃"], [0.25, 0.75, 0.5, 0.01]);
  assert.ok(found);
  assert.equal(found.target.length, 2);
  assert.deepEqual(linked(found, "target", 0), [{ word: 1, weight: 0.75 }, { word: 0, weight: 0.25 }]);
  assert.deepEqual(linked(found, "source", 0), [{ word: 1, weight: 0.5 }, { word: 0, weight: 0.25 }]);
  assert.deepEqual(linked(found, "target", 1), [{ word: 0, weight: 0.5 }]);
});
