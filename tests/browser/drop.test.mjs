/** Files dropped on the page, and the messages that say what came of it. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { decoded } from "../../www/drop.js";
import { HAN, stage, translated, type } from "./harness.mjs";

const { visiting } = stage();

/**
 * Drops files on an element. Returns whether the page took the event from the browser.
 * @param {import("playwright-core").Page} page
 * @param {string} selector
 * @param {[name: string, content: string][]} files
 */
function drop(page, selector, files) {
  return page.locator(selector).evaluate((element, list) => {
    const dataTransfer = new DataTransfer();
    for (const [name, content] of list) dataTransfer.items.add(new File([content], name));
    const send = (/** @type {string} */ kind) => !element.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    return [send("dragover"), send("drop")];
  }, files);
}

const toast = "#toast-text";

test("a text file that is dropped is translated, and the text before it comes back", () =>
  visiting({}, async ({ page }) => {
    await type(page, "Mine.");
    assert.deepEqual(await drop(page, "#target-language", [["letter.txt", "Good morning."]]), [true, true]);
    await page.locator(toast, { hasText: "has taken the place of yours" }).waitFor();
    assert.equal(await page.locator("#source").inputValue(), "Good morning.");
    assert.match(await translated(page), HAN);
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await page.locator("#source").inputValue(), "Mine.");
  }));

test("other files are refused in words, which can be closed, and nothing that is no file is touched", () =>
  visiting({}, async ({ page }) => {
    await type(page, "Mine.");
    assert.deepEqual(await drop(page, "body", [["model.deen.bin", "-"]]), [true, true]);
    await page.locator(toast, { hasText: "Only text files" }).waitFor();
    await page.locator("#toast-close").click();
    assert.equal(await page.locator("#toast").isVisible(), false);
    assert.deepEqual(await drop(page, "#source", [["large.txt", "a".repeat(10_000_001)]]), [true, true]);
    await page.locator(toast, { hasText: "too large" }).waitFor();
    assert.deepEqual(await drop(page, "#source", []), [false, false]);
    assert.equal(await page.locator("#source").inputValue(), "Mine.");
    // What goes where files of models are wanted is no text to translate.
    await page.locator("#add > summary").click();
    await drop(page, "#drop", [["readme.txt", "-"]]);
    await page.locator("#files-list li", { hasText: "not needed" }).waitFor();
    assert.equal(await page.locator("#source").inputValue(), "Mine.");
  }));

test("bytes are text where they can be told to be", () => {
  const bytes = (/** @type {number[]} */ ...list) => Uint8Array.from(list).buffer;
  assert.equal(decoded(new TextEncoder().encode("\ufeffGrüße 你好").buffer), "Grüße 你好");
  assert.equal(decoded(bytes(0xff, 0xfe, 0x60, 0x4f)), "你");
  assert.equal(decoded(bytes(0xfe, 0xff, 0x4f, 0x60)), "你");
  assert.equal(decoded(bytes(0xc4, 0xe3, 0xba, 0xc3)), null);
  assert.equal(decoded(bytes(0xff)), null);
  assert.equal(decoded(bytes()), "");
});
