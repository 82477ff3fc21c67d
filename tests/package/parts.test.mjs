import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";

import { sameLanguage } from "../../pkg/lib/languages.js";
import { find, parseManifest } from "../../pkg/lib/manifest.js";
import { Sha256, sha256 as ours } from "../../pkg/lib/sha256.js";
import { hasHalves, Mender } from "../../pkg/lib/surrogates.js";
import { sha256 } from "./support.mjs";

test("SHA-256 in plain JavaScript", async () => {
  for (const length of [0, 1, 3, 55, 56, 57, 63, 64, 65, 119, 120, 128, 1_000, 70_001]) {
    const bytes = new Uint8Array(randomBytes(length));
    const hash = new Sha256();
    for (let at = 0; at < length; at += 37) hash.update(bytes.subarray(at, at + 37));
    assert.equal(hash.finish(), sha256(bytes), `${length} bytes`);
    assert.equal(await ours(bytes), sha256(bytes));
  }
});

test("languages are compared as in Rust", () => {
  for (const [wanted, offered, same] of /** @type {const} */ ([
    ["en", "en", true],
    ["en-GB", "en", true],
    ["zh-CN", "zh", true],
    ["zh-Hans-SG", "zh", true],
    ["zh", "zh-Hans", true],
    ["zh-TW", "zh-Hant", true],
    ["zh-TW", "zh", false],
    ["zh-HK", "zh", false],
    ["zh-Hant", "zh", false],
    ["de", "en", false],
    ["zh-Latn", "zh", false],
  ])) {
    assert.equal(sameLanguage(wanted, offered), same, `${wanted} from ${offered}`);
  }
});

test("a model may read other scripts of its language", () => {
  const listed = { id: "zh-en", source: "zh", reads: ["zh-Hant"], target: "en", file: "a", bytes: 1, sha256: "0".repeat(64) };
  const manifest = (/** @type {object} */ model) => parseManifest(JSON.stringify({ version: 1, models: [model] }));
  for (const from of ["zh", "zh-CN", "zh-TW", "zh-Hant-HK"]) assert.equal(find(manifest(listed), from, "en")?.id, "zh-en", from);
  assert.equal(find(manifest({ ...listed, reads: undefined }), "zh-TW", "en"), undefined);
  assert.equal(find(manifest(listed), "ja", "en"), undefined);
  for (const reads of ["zh-Hant", ["not a tag"], [1]]) {
    assert.throws(() => manifest({ ...listed, reads }), { name: "DataError", message: /malformed/ }, JSON.stringify(reads));
  }
});

test("halves are told from pairs", () => {
  for (const [text, expected] of /** @type {const} */ ([
    ["", false],
    ["a\u{1f600}\ufffd", false],
    ["\ud83d", true],
    ["\ude00\ud83d", true],
    ["\u{1f600}\ude00", true],
  ])) {
    assert.equal(hasHalves(text), expected, JSON.stringify(text));
  }
});

test("halves return to their copies, however the translation is cut", () => {
  const input = "\ud800 a. \udc00 \ufffd\n\ud801b.\ud802 c\ud803 d\ud804";
  const well = input.toWellFormed();
  const [a, x, b, c] = ["\ufffd a.", "\ufffd \ufffd", "\ufffdb.", "\ufffd c\ufffd d\ufffd"].map((part, i, parts) => {
    const start = well.indexOf(part, i === 3 ? 12 : i === 2 ? 8 : i);
    return { start, end: start + part.length };
  });
  const output = "\ufffdA. \ufffd \ufffd\nB.\ufffdCD\ufffd\ufffd";
  const sentences = [
    { source: a, target: { start: 0, end: 3 } },
    { source: x, target: { start: 4, end: 7 } },
    // One dropped: nothing to put back.
    { source: b, target: { start: 8, end: 10 } },
    { source: c, target: { start: 10, end: 15 } },
  ];
  const expected = "\ud800A. \udc00 \ufffd\nB.\ud802CD\ud803\ud804";
  for (const cuts of [[], [3], [4], [7], [8, 10], [3, 7, 10], [10], [15]]) {
    const mender = new Mender(input);
    let mended = "";
    let at = 0;
    for (const cut of [...cuts, output.length]) {
      const inside = sentences.filter(({ target }) => target.end > at && target.end <= cut);
      mended += mender.mend(output.slice(at, cut), inside, cut === output.length);
      at = cut;
    }
    assert.equal(mended, expected, `cut at ${cuts}`);
  }
});
