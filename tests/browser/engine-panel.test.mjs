/** The panel "Processor and GPU", with a GPU that SwiftShader plays. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { FAULTS, lost, WRONG } from "./gpu-faults.mjs";
import { kept, launch, onGpu, Site, stage, status, translated, type, visitor, WEBGPU } from "./harness.mjs";

const { site, visiting } = stage(undefined, WEBGPU);

/** @param {Site} site @param {string} prelude what workers begin with */
function begin(site, prelude) {
  site.answer = async (path) => (path === "pkg/worker.js" ? { body: `${prelude}\n${await readFile(join(site.folder, path), "utf8")}` } : undefined);
}

/** @param {import("playwright-core").Page} page */
const open = (page) => page.locator("#engine > summary").click();
/** @param {import("playwright-core").Page} page @param {string} name */
const choose = (page, name) => page.getByRole("radio", { name, exact: true }).check();

/**
 * Waits until the GPU is ready, which a slow machine begins without, and translates.
 * @param {import("playwright-core").Page} page
 * @param {string} text
 */
async function onReady(page, text) {
  await page.locator("#engine-state", { hasText: /^The GPU \(.*\) translates/ }).waitFor();
  await type(page, text);
  return translated(page);
}

onGpu("the GPU is chosen with the keyboard, used, and remembered", () =>
  visiting({}, async ({ page }) => {
    await type(page, "I love to eat pizza.");
    const before = await translated(page);
    assert.match(await status(page), /^CPU/);
    await page.locator("#engine > summary").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    assert.equal(await page.evaluate(() => /** @type {HTMLInputElement} */ (document.activeElement).value), "auto");
    await page.keyboard.press("ArrowDown");
    assert.equal(await onReady(page, "I love to eat pizza."), before);
    assert.match(await status(page), /^GPU/);
    await page.reload();
    await open(page);
    await translated(page);
    await onReady(page, "Good morning.");
    assert.match(await status(page), /^GPU/);
    assert.ok(await page.getByRole("radio", { name: "The GPU", exact: true }).isChecked());
    await choose(page, "The processor");
    await page.waitForFunction(() => document.getElementById("status")?.textContent?.startsWith("CPU"));
  }));

onGpu("the check translates with both, and says how it went", () =>
  visiting({}, async ({ page }) => {
    await open(page);
    await page.getByRole("button", { name: "Check this device" }).click();
    await page.getByRole("progressbar", { name: "Progress of the check" }).waitFor();
    const note = page.locator("#engine-note.verdict");
    await note.waitFor();
    assert.match(await note.innerText(), /the same translation|are the same\. Where/);
    assert.equal(await note.getAttribute("role"), "status");
    assert.equal(await page.locator("#engine-bar").isVisible(), false);
    assert.ok(await page.getByRole("radio", { name: "Whichever is faster", exact: true }).isChecked());
  }));

test("where there is no GPU to check, no model is downloaded for it", () =>
  visiting({ opened: false }, async ({ page }) => {
    await page.addInitScript(() => Object.defineProperty(Navigator.prototype, "gpu", { get: () => undefined }));
    site.asked.length = 0;
    await page.goto(site.url);
    await open(page);
    await page.getByRole("button", { name: "Check this device" }).press("Enter");
    await page.getByText("The GPU could not be checked: this browser has no WebGPU").waitFor();
    assert.equal(await page.evaluate(() => document.activeElement?.id), "engine-check");
    assert.deepEqual(site.asked.filter((path) => path.endsWith(".safetensors")), []);
  }));

onGpu("a check on the first visit says what it downloads, and the page knows of it afterwards", () =>
  visiting({}, async ({ page }) => {
    await page.locator("#models li").first().waitFor({ state: "attached" });
    await open(page);
    await page.evaluate(() => {
      const note = /** @type {HTMLElement} */ (document.getElementById("engine-note"));
      const said = /** @type {string[]} */ (/** @type {any} */ (window).said = []);
      new MutationObserver(() => said.push(note.textContent ?? "")).observe(note, { childList: true });
    });
    await page.getByRole("button", { name: "Check this device" }).press("Enter");
    await page.locator("#storage-summary", { hasText: "ready offline" }).waitFor();
    assert.match((await page.evaluate(() => /** @type {any} */ (window).said)).join(), /Downloading the model first, [\d.]+ MB/);
    assert.equal(await page.evaluate(() => document.activeElement?.id), "engine-check");
  }));

onGpu("a GPU that computes wrongly is found out, and used no more", () =>
  visiting({ opened: false }, async ({ page }) => {
    begin(site, WRONG);
    await page.goto(site.url);
    await open(page);
    await page.getByRole("button", { name: "Check this device" }).click();
    const note = page.locator("#engine-note.verdict");
    await note.waitFor();
    assert.match(await note.innerText(), /computes wrongly/);
    assert.ok(await page.getByRole("radio", { name: "The processor", exact: true }).isChecked());
    assert.equal(await page.locator("#engine-example dd").count(), 3);
  }));

onGpu("a device lost in the middle of a sentence is told in a sentence", () =>
  visiting({ opened: false }, async ({ page }) => {
    begin(site, lost(1));
    await page.goto(site.url);
    await open(page);
    await choose(page, "The GPU");
    // The device is lost the first time that it translates.
    const told = page.getByText(/^The GPU did not finish this, so the processor did: .*lost/);
    for (let hour = 1; !(await told.isVisible()); hour++) {
      await type(page, `The train leaves at ${hour}.`);
      await translated(page);
    }
    assert.match(await status(page), /^CPU/);
    await page.locator("#engine-state", { hasText: /^The processor translates everything: .*lost/ }).waitFor();
  }));

onGpu("without an adapter the panel says so, and so does the check", () =>
  visiting({ opened: false }, async ({ page }) => {
    begin(site, FAULTS["no adapter"]);
    await page.goto(site.url);
    await open(page);
    await choose(page, "The GPU");
    await type(page, "The train leaves at ten.");
    await translated(page);
    await page.locator("#engine-state", { hasText: /no usable graphics processor/ }).waitFor();
    await page.getByRole("button", { name: "Check this device" }).click();
    await page.getByText(/The GPU could not be checked: there is no usable/).waitFor();
  }));

onGpu("the engine for the GPU is kept for use offline once it was used, and not before", async () => {
  const site = await Site.open();
  const browser = await launch(WEBGPU);
  const { page, context, faults } = await visitor(browser);
  try {
    const keptGpu = () =>
      page.evaluate(async () => {
        const caches = await Promise.all((await self.caches.keys()).map((name) => self.caches.open(name)));
        const keys = (await Promise.all(caches.map((cache) => cache.keys()))).flat();
        return keys.filter(({ url }) => url.includes("dragoman_gpu")).length;
      });
    await page.goto(site.url);
    await kept(page);
    assert.equal(await keptGpu(), 0);
    await open(page);
    await choose(page, "The GPU");
    await type(page, "Good morning.");
    await translated(page);
    await onReady(page, "Good evening.");
    // The bindings, and one of the two builds.
    while ((await keptGpu()) < 2) await page.waitForTimeout(50);
    assert.equal(await keptGpu(), 2);
    await site.stop();
    await context.setOffline(true);
    await page.goto(site.url);
    await open(page);
    await translated(page);
    await onReady(page, "I love to eat pizza.");
    assert.match(await status(page), /^GPU/);
    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
    await site.close();
  }
});
