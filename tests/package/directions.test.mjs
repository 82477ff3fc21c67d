/** English to Chinese and back, where both are bundled. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { test } from "node:test";

import { Translator } from "../../pkg/index.js";
import { bundled, entry, everyModel, site } from "./support.mjs";

const back = everyModel.find(({ source, target }) => source === "zh" && target === "en");
const skip = back ? false : "there is no model for Chinese to English yet";

test("each direction has a model of its own, fetched when it is needed and removed alone", { skip }, async (t) => {
  assert.ok(back);
  assert.ok(back.bytes <= 20e6, `${back.bytes} bytes`);
  const { answers, asked, options } = await site(t, { manifest: { version: 1, models: everyModel } });
  const other = await readFile(join(dirname(bundled), back.file));
  answers[back.file] = (response) => response.end(other);
  const there = options;
  const home = { ...options, sourceLanguage: "zh", targetLanguage: "en" };
  const fetched = () => asked.filter((name) => name.endsWith(".safetensors"));

  assert.equal(await Translator.availability(home), "downloadable");
  const first = await Translator.create(there);
  assert.deepEqual(fetched(), [entry.file]);
  assert.equal(await Translator.availability(there), "available");
  assert.equal(await Translator.availability(home), "downloadable");
  const second = await Translator.create(home);
  assert.deepEqual(fetched(), [entry.file, back.file]);
  assert.match(await first.translate("Good morning."), /\p{Script=Han}/u);
  const english = await second.translate("早上好。");
  assert.match(english, /^[\p{Script=Latin}\p{P} ]+$/u);

  const listed = await Translator.directions(options);
  for (const { source, target, bytes } of [entry, back]) {
    const found = listed.find(({ sourceLanguage, targetLanguage }) => sourceLanguage === source && targetLanguage === target);
    assert.deepEqual([found?.bytes, found?.stored], [bytes, true]);
  }
  await Translator.remove(there);
  assert.equal(await Translator.availability(there), "downloadable");
  assert.equal(await Translator.availability(home), "available");
  first.destroy();
  second.destroy();
});

test("Traditional characters are read as Simplified ones", { skip }, async (t) => {
  const translator = await Translator.create({ sourceLanguage: "zh", targetLanguage: "en", models: bundled });
  t.after(() => translator.destroy());
  const [traditional, simplified] = await translator.translate(["這個車站在哪裡？我們遲到了。", "这个车站在哪里？我们迟到了。"]);
  assert.equal(traditional, simplified);
});
