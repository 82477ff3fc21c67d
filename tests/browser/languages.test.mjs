import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { otherLanguage, script } from "../../www/detect.js";
import { HAN, stage, translated, type } from "./harness.mjs";

const { site, visiting } = stage();

test("a text's script is told", () => {
  for (const [text, expected] of /** @type {[string, string | null][]} */ ([
    ["Where is the station?", "latin"],
    ["¿Dónde está?", "latin"],
    ["Hello", "latin"],
    ["车站在哪里？", "zh"],
    ["車站在哪裡？", "zh"],
    ["好", "zh"],
    ["我用Visual Studio Code和Docker", "zh"],
    ["iPhone 的价格", "zh"],
    ["The word 你好 means hello", "latin"],
    ["Она живёт в Москве", null],
    ["駅はどこですか", null],
    ["역이 어디예요?", null],
    ["ok", null],
    ["12:30 😀 %", null],
    ["", null],
  ])) {
    assert.equal(script(text), expected, text);
  }
  assert.equal(otherLanguage("你好", "en", ["en", "zh"]), "zh");
  assert.equal(otherLanguage("你好", "zh-Hans", ["en", "zh"]), null);
  assert.equal(otherLanguage("Good morning", "zh", ["en", "zh"]), "en");
  assert.equal(otherLanguage("Good morning", "zh", ["en", "de", "zh"]), null, "English or German");
  assert.equal(otherLanguage("Good morning", "zh", ["zh"]), null);
  assert.equal(otherLanguage("Good morning", "ru", ["en", "ru"]), "en");
});

/** @param {string} id @param {string} source @param {string} target */
async function stand(id, source, target) {
  const { models } = JSON.parse(await readFile(`${site.folder}/www/models/manifest.json`, "utf8"));
  const known = models.find((/** @type {any} */ model) => model.source === source && model.target === target);
  // Until there are weights for a direction, those of the other stand in for them.
  return known ?? { ...models[0], id, source, target };
}

/** Both directions, whatever the site has. @param {(kit: import("./harness.mjs").Kit) => Promise<void>} body @param {import("playwright-core").BrowserContextOptions} [options] */
async function visitingBoth(body, options = {}) {
  const models = await Promise.all([stand("en-zh", "en", "zh"), stand("zh-en", "zh", "en")]);
  // The same file is stored once, and so is downloaded once; only its listing differs.
  site.answer = (path) => (path === "www/models/manifest.json" ? { body: JSON.stringify({ version: 1, models }) } : undefined);
  try {
    await visiting(options, body);
  } finally {
    site.answer = () => undefined;
  }
}

/** @param {import("playwright-core").Page} page */
const swap = (page) => page.getByRole("button", { name: "Swap languages" });

test("Chinese text is recognised, and translated from with one press", () =>
  visitingBoth(async ({ page }) => {
    await swap(page).waitFor();
    const offer = page.getByRole("button", { name: /^Translate from/ });
    assert.equal(await offer.count(), 0);
    await type(page, "Good morning.");
    await translated(page);
    assert.equal(await offer.count(), 0);
    await type(page, "車站在哪裡？");
    await offer.waitFor();
    assert.match(await offer.innerText(), /^Translate from Chinese( \(downloads [\d.]+ MB\))?$/);
    assert.equal(await page.locator("#offer-text").innerText(), "This looks like Chinese.");
    await offer.press("Enter");
    assert.equal(await page.locator("#source").inputValue(), "車站在哪裡？");
    assert.equal(await page.locator("#source").getAttribute("lang"), "zh-Hans");
    assert.equal(await page.locator("#target").getAttribute("lang"), "en");
    await page.waitForFunction(() => /from Chinese|Translation/.test(document.getElementById("announce")?.textContent ?? ""));
    await translated(page);
    assert.equal(await offer.count(), 0);
    assert.equal(await page.locator("#offer-text").innerText(), "");
    // And back.
    await type(page, "Where is the station?");
    await page.getByRole("button", { name: /^Translate from English/ }).click();
    assert.equal(await page.locator("#target").getAttribute("lang"), "zh-Hans");
    await translated(page);
  }));

test("without a model for it, nothing is offered", () =>
  visiting({}, async ({ page }) => {
    const { models } = JSON.parse(await readFile(`${site.folder}/www/models/manifest.json`, "utf8"));
    site.answer = (path) => (path === "www/models/manifest.json" ? { body: JSON.stringify({ version: 1, models: [models[0]] }) } : undefined);
    await page.reload();
    await page.locator("#storage-summary", { hasText: "nothing stored yet" }).waitFor();
    await type(page, "车站在哪里？");
    await page.getByText("Nothing to translate").waitFor();
    assert.equal(await page.locator("#offer-text").innerText(), "");
  }));

test("swapping needs no mouse, keeps the focus, and loads nothing but the other model", () =>
  visitingBoth(async ({ page, requests }) => {
    await swap(page).waitFor();
    await type(page, "Good morning.");
    const text = await translated(page);
    const before = requests.length;
    await swap(page).focus();
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#source").inputValue(), text);
    await page.waitForFunction(() => document.activeElement?.id === "swap");
    await translated(page);
    assert.equal(requests.slice(before).some((address) => address === page.url()), false, "the page was loaded again");
    await page.keyboard.press("Enter");
    assert.equal(await page.locator("#source").getAttribute("lang"), "en");
    // The languages chosen last are there after a reload.
    await swap(page).click();
    await page.reload();
    await page.locator("#source[lang=zh-Hans]").waitFor();
  }));

test("each model is downloaded when it is needed, after its size was said, and can be removed alone", () =>
  visitingBoth(async ({ page, requests }) => {
    const { models } = JSON.parse(await readFile(`${site.folder}/www/models/manifest.json`, "utf8"));
    // With one file for both there would be nothing to tell apart.
    if (models.length < 2) return;
    const asked = (/** @type {string} */ name) => requests.filter((address) => address.endsWith(`/${name}.safetensors`)).length;
    await swap(page).waitFor();
    // For a text that it cannot translate, no model is downloaded.
    await type(page, "早上好。");
    await page.getByRole("button", { name: /^Translate from Chinese \(downloads/ }).waitFor();
    await page.waitForTimeout(500);
    await type(page, "");
    assert.deepEqual([asked("en-zh"), asked("zh-en")], [0, 0]);
    assert.match(await swap(page).innerText(), /[\d.]+ MB/);
    await type(page, "Good morning.");
    await translated(page);
    assert.deepEqual([asked("en-zh"), asked("zh-en")], [1, 0]);
    await swap(page).click();
    await translated(page);
    assert.deepEqual([asked("en-zh"), asked("zh-en")], [1, 1]);
    await page.locator("#storage > summary").click();
    const row = (/** @type {string} */ name) => page.locator("#models li", { hasText: name });
    assert.equal(await page.locator("#models li").count(), 2);
    await row("English to").getByRole("button", { name: /^Remove/ }).click();
    await row("English to").getByRole("button", { name: /^Download/ }).waitFor();
    await row("to English").getByRole("button", { name: /^Remove/ }).waitFor();
    await type(page, "早上好。");
    await translated(page);
    assert.deepEqual([asked("en-zh"), asked("zh-en")], [1, 1]);
  }));

test("no model is downloaded for a text in another language after a reload either, nor for another engine", () =>
  visitingBoth(async ({ page }) => {
    const fetched = () => site.asked.filter((path) => path.endsWith(".safetensors"));
    site.asked.length = 0;
    await swap(page).waitFor();
    await type(page, "我喜欢吃披萨。");
    const offer = page.getByRole("button", { name: /^Translate from Chinese/ });
    await offer.waitFor();
    await page.locator("#engine > summary").click();
    await page.getByRole("radio", { name: "The processor", exact: true }).check();
    await page.reload();
    await offer.waitFor();
    assert.equal(await page.locator("#source").inputValue(), "我喜欢吃披萨。");
    await page.waitForTimeout(700);
    assert.deepEqual(fetched(), []);
    // Whoever insists is heard.
    await page.locator("#source").press("Control+Enter");
    await translated(page);
    assert.equal(fetched().length, 1);
  }));

test("swapping during a translation takes along what there is of it", () =>
  visitingBoth(async ({ page }) => {
    await swap(page).waitFor();
    const text = Array.from({ length: 3_000 }, (_, i) => `House number ${i} is near the park, and its garden is large.`).join("\n");
    await type(page, text);
    await page.waitForFunction(() => /of [\d,]+ translated/.test(document.getElementById("status")?.textContent ?? "") && document.getElementById("target")?.innerText);
    await swap(page).click();
    assert.match(await page.locator("#source").inputValue(), HAN);
    assert.equal(await page.locator("#source").getAttribute("lang"), "zh-Hans");
    assert.equal(await page.locator("#target").getAttribute("lang"), "en");
    assert.doesNotMatch(await page.locator("#target").textContent() ?? "", /^\p{Script=Han}/u);
    assert.equal(await page.locator("#offer-text").innerText(), "");
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await page.locator("#source").inputValue(), text);
    assert.equal(await page.locator("#source").getAttribute("lang"), "en");
  }));
