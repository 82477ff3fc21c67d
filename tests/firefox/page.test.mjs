/** The page's main flow in Firefox, over WebDriver BiDi. */

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import puppeteer from "puppeteer-core";

import { firefox } from "../../tools/setup.mjs";
import { HAN, PATIENCE, Site } from "../browser/harness.mjs";

/** @type {Site} */
let site;
/** @type {import("puppeteer-core").Browser} */
let browser;
before(async () => {
  [site, browser] = await Promise.all([
    Site.open(),
    puppeteer.launch({ browser: "firefox", executablePath: firefox(), headless: true }),
  ]);
});
after(async () => {
  await browser?.close();
  await site?.close();
});

/** @param {string} address */
async function open(address) {
  const page = await browser.newPage();
  page.setDefaultTimeout(PATIENCE);
  /** @type {string[]} */
  const faults = [];
  page.on("pageerror", (error) => faults.push(String(error)));
  page.on("console", (message) => {
    if (/Content-Security-Policy/i.test(message.text())) faults.push(message.text());
  });
  await page.goto(address);
  return { page, faults };
}

/** @param {import("puppeteer-core").Page} page @param {string} text */
async function translate(page, text) {
  await page.locator("#source").fill(text);
  await page.locator("#copy:not(:disabled):not([hidden])").wait();
  return page.$eval("#target", (target) => target.textContent ?? "");
}

test("what is typed is translated, and the second visit needs no network", async () => {
  const first = await open(site.url);
  const translation = await translate(first.page, "I love to eat pizza");
  assert.match(translation, HAN);
  assert.match(await first.page.$eval("#status", (status) => status.textContent ?? ""), /SIMD/);
  await first.page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    while (active?.state === "activating") await new Promise((resolve) => setTimeout(resolve, 20));
  });
  assert.deepEqual(first.faults, []);
  await first.page.close();

  await site.stop();
  const second = await open(site.url);
  await second.page.locator("#clear").click();
  assert.equal(await translate(second.page, "I love to eat pizza"), translation);
  await second.page.waitForFunction(() => document.getElementById("storage-summary")?.textContent?.includes("ready offline"));
  assert.deepEqual(second.faults, []);
  await second.page.close();
  await site.start();
});

test("words are linked, and the keyboard goes from one to the next", async () => {
  const { page, faults } = await open(site.url);
  await translate(page, "The water is cold.");
  await page.locator("label.switch").click();
  await page.waitForSelector("#target .word");
  await page.focus("#target .word");
  await page.keyboard.press("ArrowRight");
  assert.match(await page.$eval("#caption", (caption) => caption.textContent ?? ""), /comes from .+\d+%/);
  assert.ok(await page.$("#maps table"));
  assert.deepEqual(faults, []);
  await page.close();
});

test("a failed download says so, and is over once it can be had", async () => {
  const context = await browser.createBrowserContext();
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE);
  site.answer = (path) => (path.endsWith(".safetensors") ? { status: 503 } : undefined);
  await page.goto(site.url);
  await page.locator("#source").fill("Good morning.");
  await page.waitForFunction(() => document.getElementById("problem-title")?.textContent?.includes("could not be downloaded"));
  site.answer = () => undefined;
  await page.locator("#retry").click();
  await page.locator("#copy:not(:disabled):not([hidden])").wait();
  assert.match(await page.$eval("#target", (target) => target.textContent ?? ""), HAN);
  await context.close();
});
