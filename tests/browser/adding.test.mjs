import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";
import { gzipSync } from "node:zlib";

import { root } from "../../tools/setup.mjs";
import { HAN, stage, translated, type } from "./harness.mjs";
import { directionOf, missing, roleOf } from "../../www/model-files.js";

const models = join(root, "www", "models");
const { models: [entry] } = JSON.parse(await readFile(join(models, "manifest.json"), "utf8"));
/** Every model in these tests has the weights of this one. */
const weights = await readFile(join(models, entry.file));
/** A size as the page writes it. @param {number} bytes */
const size = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
/** What the page reckons a vocabulary to be of which the registry gives no size. */
const vocabulary = 2 << 20;
const packed = gzipSync(weights, { level: 1 });

/** Paths that were asked of the registry. @type {string[]} */
const asked = [];
/** @type {(path: string) => number | undefined} */
let failure = () => undefined;
const server = createServer((request, response) => {
  const path = (request.url ?? "").slice(1);
  asked.push(path);
  response.setHeader("Access-Control-Allow-Origin", "*");
  const status = failure(path);
  if (status) return response.writeHead(status).end();
  if (path !== "db/models.json") return response.end(path.endsWith("model.bin.gz") ? packed : gzipSync("words"));
  const listed = (/** @type {string} */ source, /** @type {string} */ target) => ({
    architecture: "base-memory",
    releaseStatus: "Release",
    sourceLanguage: source,
    targetLanguage: target,
    files: {
      model: { path: "model.bin.gz", uncompressedSize: weights.length, uncompressedHash: createHash("sha256").update(weights).digest("hex") },
      vocab: { path: "vocab.spm.gz" },
    },
  });
  const baseUrl = `http://${request.headers.host}`;
  response.end(JSON.stringify({ baseUrl, models: { "de-en": [listed("de", "en")], "fr-en": [listed("fr", "en")], "en-de": [listed("en", "de")] } }));
});
const { site, visiting: visit } = stage(async (site) => {
  await new Promise((/** @type {(value: void) => void} */ resolve) => server.listen(0, "127.0.0.1", resolve));
  site.registry = `http://127.0.0.1:${/** @type {import("node:net").AddressInfo} */ (server.address()).port}/db/models.json`;
});
after(() => {
  server.close();
  server.closeAllConnections();
});

/** A visit of a site with that one model. @type {typeof visit} */
const visiting = (options, body) => {
  site.answer = (path) => (path === "www/models/manifest.json" ? { body: JSON.stringify({ version: 1, models: [entry] }) } : undefined);
  return visit(options, body);
};

/** @param {import("playwright-core").Page} page */
const languages = (page) => page.locator("#source-choice option").allTextContents();
/** @param {import("playwright-core").Page} page @param {string | RegExp} text */
const noted = (page, text) => page.locator("#add-note").getByText(text).waitFor();

test("a language from the registry: nothing is asked before somebody asks, and it is kept", () =>
  visiting({}, async ({ page, context }) => {
    asked.length = 0;
    await type(page, "I love to eat pizza");
    await translated(page);
    await page.locator("#add > summary").click();
    assert.deepEqual(asked, []);
    await page.getByRole("button", { name: "Show the languages" }).click();
    await page.locator("#registry-form").waitFor();
    assert.deepEqual(asked, ["db/models.json"]);
    assert.deepEqual(await page.locator("#registry-from option").allTextContents(), ["English", "French", "German"]);
    await page.locator("#registry-from").selectOption("de");
    assert.deepEqual(await page.locator("#registry-into option").allTextContents(), ["English"]);
    await page.getByRole("button", { name: new RegExp(`^Download ${size(weights.length + vocabulary)}`) }).click();
    await noted(page, "German to English is ready.");
    // The page turns to it, and with the model that was there before there is a way from German to Chinese.
    assert.deepEqual(await languages(page), ["German", "English"]);
    assert.equal(await page.locator("#source-choice").inputValue(), "de");
    assert.deepEqual(await page.locator("#target-choice option").allTextContents(), ["English", "Simplified Chinese"]);
    await type(page, "The water is cold.");
    assert.match(await translated(page), HAN);
    await page.locator("#target-choice").selectOption("zh");
    assert.match(await translated(page), HAN);

    const before = asked.length;
    await context.route(/^http:\/\/127\.0\.0\.1:\d+\/(db|model)/, (route) => route.abort());
    await page.reload();
    // The languages are remembered.
    await page.waitForFunction(() => /** @type {HTMLSelectElement | null} */ (document.querySelector("main select"))?.value === "de");
    assert.equal(await page.locator("#target-choice").inputValue(), "zh");
    assert.match(await translated(page), HAN);
    assert.equal(asked.length, before);
    await page.locator("#storage > summary").click();
    assert.equal(await page.locator("#models li").count(), 2);
    await page.getByRole("button", { name: "Remove German to English" }).click();
    await page.getByText(/^Removed German to English/).waitFor();
    await page.locator("#source-language", { hasText: "English" }).waitFor();
    assert.equal(await page.locator("#models li").count(), 1);
    assert.match(await translated(page), HAN);
  }));

test("a registry that fails says so, and a download can be stopped", () =>
  visiting({}, async ({ page }) => {
    await page.locator("#add > summary").click();
    failure = () => 503;
    await page.getByRole("button", { name: "Show the languages" }).click();
    await noted(page, /answered 503/);
    failure = (path) => (path.endsWith("model.bin.gz") ? 404 : undefined);
    await page.getByRole("button", { name: "Show the languages" }).click();
    await page.getByRole("button", { name: /^Download/ }).click();
    await noted(page, /answered 404/);
    failure = () => undefined;
    await page.getByRole("button", { name: /^Download/ }).click();
    await noted(page, /is ready/);
  }));

test("a language from files", () =>
  visiting({}, async ({ page }) => {
    await page.locator("#add > summary").click();
    const files = (/** @type {[string, Buffer][]} */ ...list) =>
      page.locator("#files").setInputFiles(list.map(([name, buffer]) => ({ name, mimeType: "application/octet-stream", buffer })));
    const add = page.getByRole("button", { name: "Add", exact: true });
    await files(["model.deen.intgemm.alphas.bin", weights], ["readme.txt", Buffer.from("-")]);
    await noted(page, /vocabulary is missing/);
    assert.equal(await add.isDisabled(), true);
    assert.deepEqual(await page.locator("#files-list li.odd > span").allTextContents(), ["readme.txt, 1 KB: not needed"]);

    await files(["model.deen.bin", Buffer.alloc(2_000, 7)], ["vocab.deen.spm", Buffer.from("-")]);
    assert.deepEqual([await page.locator("#files-from").inputValue(), await page.locator("#files-into").inputValue()], ["de", "en"]);
    await add.click();
    await noted(page, /cannot be used/);

    await files(["de-zh.safetensors", weights]);
    await page.locator("#files-from").fill("no tag");
    await add.click();
    await noted(page, /not a language tag/);
    await page.locator("#files-from").fill("de");
    await add.click();
    await noted(page, "German to Simplified Chinese is ready.");
    await type(page, "The water is cold.");
    assert.match(await translated(page), HAN);
    await page.locator("#storage > summary").click();
    await page.getByText(new RegExp(`${size(weights.length)} · added by you`)).waitFor();
  }));

test("files may come one after the other, be left out again, and need two languages that exist", () =>
  visiting({}, async ({ page }) => {
    await page.locator("#add > summary").click();
    const choose = (/** @type {string} */ name, buffer = Buffer.from("x")) =>
      page.locator("#files").setInputFiles([{ name, mimeType: "application/octet-stream", buffer }]);
    const listed = () => page.locator("#files-list li > span").allTextContents();
    const add = page.getByRole("button", { name: "Add", exact: true });
    await choose("vocab.deen.spm");
    await noted(page, /network is missing/);
    await choose("model.deen.intgemm.alphas.bin", Buffer.alloc(2_000));
    await page.locator("#add-note:empty").waitFor({ state: "attached" });
    assert.deepEqual(await listed(), ["vocab.deen.spm, 1 KB: the vocabulary", "model.deen.intgemm.alphas.bin, 2 KB: the network"]);
    assert.equal(await add.isEnabled(), true);
    await page.locator("#drop").evaluate((zone) => zone.dispatchEvent(new DragEvent("drop", { dataTransfer: new DataTransfer(), bubbles: true, cancelable: true })));
    assert.equal((await listed()).length, 2, "a text that is dropped changes nothing");
    await page.getByRole("button", { name: "Leave out vocab.deen.spm" }).press("Enter");
    await noted(page, /vocabulary is missing/);
    assert.match(await page.evaluate(() => document.activeElement?.textContent ?? ""), /^Leave out model/);
    // One that brings its vocabulary.
    await choose("model.safetensors", weights);
    assert.deepEqual(await listed(), [`model.safetensors, ${size(weights.length)}: the network`]);

    for (const [from, into, said] of /** @type {[string, string, RegExp][]} */ ([
      ["english", "german", /“english” is not a language tag\. Write en/],
      ["de", "german", /“german” is not/],
      ["de", "DE", /from one language into another/],
    ])) {
      await page.locator("#files-from").fill(from);
      await page.locator("#files-into").fill(into);
      await add.press("Enter");
      await noted(page, said);
    }
    await page.locator("#files-into").fill("zh");
    await add.press("Enter");
    await noted(page, "German to Simplified Chinese is ready.");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "files-add");
  }));

test("a model from the registry for which there is no room is not called ready, and the keyboard stays where it was", () =>
  visiting({ opened: false }, async ({ page }) => {
    await page.addInitScript(() => {
      Cache.prototype.put = async () => {
        throw new DOMException("full", "QuotaExceededError");
      };
    });
    await page.goto(site.url);
    await page.locator("#add > summary").click();
    await page.locator("#registry-show").press("Enter");
    await page.locator("#registry-form").waitFor();
    await page.waitForFunction(() => document.activeElement?.id === "registry-from");
    await page.locator("#registry-from").selectOption("fr");
    await page.locator("#registry-submit").press("Enter");
    await noted(page, /no space to keep this model/);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "registry-submit");
    assert.equal(await page.locator("#source").getAttribute("lang"), "en");
    assert.equal(await page.locator("#registry-from").inputValue(), "fr", "it is still on offer");
  }));

test("without space for one more model the page says so, and what to do", () =>
  visiting({}, async ({ page, context }) => {
    const session = await context.newCDPSession(page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(site.url).origin, quotaSize: 100 });
    await page.locator("#add > summary").click();
    await page.locator("#files").setInputFiles([{ name: "de-zh.safetensors", mimeType: "application/octet-stream", buffer: weights }]);
    await page.locator("#files-from").fill("de");
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await noted(page, /no space to keep this model\. Remove another/);
  }));

test("files can be dropped", () =>
  visiting({}, async ({ page }) => {
    await page.locator("#add > summary").click();
    await page.locator("#drop").evaluate((zone) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(["x"], "vocab.esen.spm"));
      zone.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }));
    });
    await noted(page, /network is missing/);
    assert.equal(await page.locator("#files-from").inputValue(), "es");
  }));

test("files are known by their names", () => {
  for (const [name, role] of [
    ["model.deen.intgemm.alphas.bin", "model"],
    ["model.enzh.intgemm8.bin.gz", "model"],
    ["en-zh.safetensors", "model"],
    ["vocab.deen.spm", "sourceVocabulary"],
    ["srcvocab.enzh.spm.gz", "sourceVocabulary"],
    ["trgvocab.enzh.spm", "targetVocabulary"],
    ["lex.50.50.deen.s2t.bin.gz", "shortlist"],
    ["metadata.json", null],
    ["qualityModel.deen.bin", null],
  ]) {
    assert.equal(roleOf(/** @type {string} */ (name)), role, String(name));
  }
  assert.deepEqual(directionOf(["metadata.json", "lex.50.50.deen.s2t.bin"]), { from: "de", into: "en" });
  assert.deepEqual(directionOf(["en-zh.safetensors"]), { from: "en", into: "zh" });
  assert.equal(directionOf(["model.bin"]), null);
  assert.equal(directionOf(["model.base.bin"]), null, "Bashkir to Northern Sami");
  assert.deepEqual(directionOf(["model.tiny.csen.bin"]), { from: "cs", into: "en" });
  assert.equal(directionOf(["model.qqqz.bin"]), null);
  assert.equal(missing({ model: { name: "a.safetensors" } }), null);
  assert.match(missing({ sourceVocabulary: { name: "vocab.spm" } }) ?? "", /network/);
});
