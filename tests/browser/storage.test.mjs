/** The list of models on this device: downloading, stopping that, and removing. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { HAN, shown, stage, status, translated, type } from "./harness.mjs";

const { site, visiting } = stage();

/** @param {import("playwright-core").Page} page */
const open = (page) => page.locator("#storage > summary").click();
/** @param {import("playwright-core").Page} page @param {string | RegExp} text */
const noted = (page, text) => page.locator("#storage-note").getByText(text).waitFor();
/** The button that has the focus, by its text. @param {import("playwright-core").Page} page */
const focused = (page) => page.evaluate(() => document.activeElement?.textContent);

test("of two models for a direction the list says which is whose, and removes the one that was meant", () =>
  visiting({}, async ({ page }) => {
    const { models: [{ file }] } = JSON.parse(await readFile(join(site.folder, "www", "models", "manifest.json"), "utf8"));
    await type(page, "Good morning.");
    await translated(page);
    await open(page);
    await page.locator("#add > summary").click();
    const buffer = await readFile(join(site.folder, "www", "models", file));
    await page.locator("#files").setInputFiles([{ name: "en-zh.safetensors", mimeType: "application/octet-stream", buffer }]);
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.locator("#add-note", { hasText: "is ready" }).waitFor();
    const rows = () => page.locator("#models li", { hasText: "English to Simplified Chinese" }).allInnerTexts();
    assert.match((await rows())[0], /added by you · in use/);
    assert.match((await rows())[1], /from this site · stored · (?!in use)/);

    await page.getByRole("button", { name: "Remove English to Simplified Chinese, from this site" }).press("Enter");
    await noted(page, /^Removed English to Simplified Chinese/);
    await page.locator("#models li", { hasText: "not stored" }).first().waitFor();
    assert.match((await rows())[0], /added by you/, "what was added stays");
    assert.equal(await focused(page), "Download English to Simplified Chinese, from this site");
    site.asked.length = 0;
    await type(page, "The water is cold.");
    assert.match(await translated(page), HAN);
    assert.deepEqual(site.asked.filter((path) => path.endsWith(".safetensors")), []);

    await page.getByRole("button", { name: "Remove English to Simplified Chinese, added by you" }).press("Enter");
    await noted(page, /Add it again when you need it/);
    assert.equal((await rows()).length, 1);
    assert.match(String(await focused(page)), /^Download/, "the focus goes to the next model");
  }));

test("removing the model that translates stops it and says so", () =>
  visiting({}, async ({ page }) => {
    await open(page);
    await type(page, "Good morning.");
    await translated(page);
    await type(page, Array.from({ length: 3_000 }, (_, i) => `House number ${i} is near the park, and its garden is large.`).join("\n"));
    await page.waitForFunction(() => /of [\d,]+ translated/.test(document.getElementById("status")?.textContent ?? ""));
    await page.getByRole("button", { name: /^Remove English/ }).press("Enter");
    await noted(page, /^Removed English/);
    assert.equal(await status(page), "Stopped.");
    assert.equal(await page.locator("#bar").isVisible(), false);
    assert.equal(await page.locator("#cancel").isVisible(), false);
    // What was translated can still be taken along.
    assert.match(await shown(page), HAN);
    assert.equal(await page.locator("#copy").isEnabled(), true);
    await type(page, "The water is cold.");
    assert.match(await translated(page), HAN);
  }));

test("a download from the list shows its progress, and can be stopped", () =>
  visiting({}, async ({ page }) => {
    await open(page);
    site.answer = (path) => (path.endsWith(".safetensors") ? { hang: true } : undefined);
    await page.getByRole("button", { name: /^Download English/ }).press("Enter");
    await page.getByRole("progressbar", { name: /^Progress of the download: English/ }).waitFor();
    assert.match(String(await focused(page)), /^Stop English/);
    await page.keyboard.press("Enter");
    await noted(page, "Stopped.");
    assert.match(String(await focused(page)), /^Download English/);
    assert.equal(await page.locator("#models progress").first().isVisible(), false);
    site.answer = () => undefined;
    await page.keyboard.press("Enter");
    await noted(page, /is ready/);
    assert.match(String(await focused(page)), /^Remove English/);
  }));

test("a model that was downloaded but could not be kept is not called ready", () =>
  visiting({}, async ({ page, context }) => {
    const session = await context.newCDPSession(page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(site.url).origin, quotaSize: 100 });
    await open(page);
    await page.getByRole("button", { name: /^Download English/ }).click();
    await noted(page, /no space to keep English/);
  }));
