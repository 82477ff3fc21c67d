import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { HAN, stage, translated, type } from "./harness.mjs";

const { site, visiting: visit } = stage();
/** Opens nothing: the site is made to fail first. @param {(kit: import("./harness.mjs").Kit) => Promise<void>} body */
const visiting = (body) => visit({ opened: false }, body);

const TEXT = "Good morning. My text must not be lost.";
const weights = (/** @type {string} */ path) => path.startsWith("www/models/") && !path.endsWith(".json");

/**
 * A failure says what happened, keeps the text, and is over once its cause is and the button is pressed.
 * @param {import("playwright-core").Page} page
 * @param {RegExp} said
 * @param {() => unknown} mend
 */
async function recovers(page, said, mend) {
  const problem = page.getByRole("alert");
  await problem.getByText(said).waitFor();
  assert.equal(await page.locator("#source").inputValue(), TEXT);
  assert.equal(await page.locator("#copy").isVisible(), false);
  await mend();
  await problem.getByRole("button").click();
  assert.match(await translated(page), HAN);
  assert.equal(await problem.isVisible(), false);
  assert.equal(await page.locator("#source").inputValue(), TEXT);
}

for (const [name, answer, said] of /** @type {[string, (bytes: Buffer) => import("./harness.mjs").Answer, RegExp][]} */ ([
  ["weights that are not those of the manifest", (bytes) => (bytes[bytes.length - 1] ^= 1, { body: bytes }), /damaged/],
  ["weights cut short", (bytes) => ({ body: bytes.subarray(0, bytes.length >> 1) }), /damaged/],
  ["weights with more at their end", (bytes) => ({ body: Buffer.concat([bytes, Buffer.alloc(9)]) }), /damaged/],
  ["weights that are an error page", () => ({ body: "<!doctype html><title>Not found</title>" }), /damaged/],
  ["weights that are gone", () => ({ status: 404 }), /could not be downloaded/],
  ["a host in trouble", () => ({ status: 503 }), /could not be downloaded/],
])) {
  test(name, () =>
    visiting(async ({ page }) => {
      site.answer = async (path) => (weights(path) ? answer(await readFile(join(site.folder, path))) : undefined);
      await page.goto(site.url);
      await type(page, TEXT);
      await recovers(page, said, () => (site.answer = () => undefined));
    }));
}

test("a manifest that is damaged", () =>
  visiting(async ({ page }) => {
    site.answer = (path) => (path === "www/models/manifest.json" ? { body: "{" } : undefined);
    await page.goto(site.url);
    await type(page, TEXT);
    await recovers(page, /damaged|could not be downloaded/, () => (site.answer = () => undefined));
  }));

test("no network on the first visit", () =>
  visiting(async ({ page, context }) => {
    await page.goto(site.url);
    await context.setOffline(true);
    await type(page, TEXT);
    await recovers(page, /offline, and the (model|translator) is not on this device yet/, () => context.setOffline(false));
  }));

test("translating goes on by itself when the network is back", () =>
  visiting(async ({ page, context }) => {
    // All but the weights is there already.
    site.answer = (path) => (weights(path) ? { status: 503 } : undefined);
    await page.goto(site.url);
    await type(page, TEXT);
    await page.getByRole("alert").getByText(/could not be downloaded/).waitFor();
    await context.setOffline(true);
    site.answer = () => undefined;
    await context.setOffline(false);
    assert.match(await translated(page), HAN);
  }));

test("the program itself cannot be loaded", () =>
  visiting(async ({ page }) => {
    site.answer = (path) => (path.startsWith("pkg/") ? { status: 503 } : undefined);
    await page.goto(site.url);
    await type(page, TEXT);
    await recovers(page, /translator could not be loaded/, () => (site.answer = () => undefined));
  }));

test("a file of the page does not come", () =>
  visiting(async ({ page }) => {
    site.answer = (path) => (path === "www/session.js" ? { status: 503 } : undefined);
    await page.goto(site.url);
    await type(page, TEXT);
    await recovers(page, /page could not be loaded completely/, () => (site.answer = () => undefined));
  }));

test("a file of the page breaks", () =>
  visiting(async ({ page, faults }) => {
    site.answer = (path) => (path === "www/session.js" ? { body: "const session = ;" } : undefined);
    await page.goto(site.url);
    await type(page, TEXT);
    await recovers(page, /page could not be loaded completely/, () => (site.answer = () => undefined));
    assert.equal(faults.splice(0).length, 1);
  }));

test("a browser that knows no modules", () =>
  visiting(async ({ page }) => {
    await page.addInitScript(() => delete (/** @type {any} */ (HTMLScriptElement.prototype).noModule));
    site.answer = (path) => (path === "www/app.js" ? { body: "" } : undefined);
    await page.goto(site.url);
    await page.getByRole("alert").getByText(/too old for the translator/).waitFor();
  }));

test("the WebAssembly cannot be loaded", () =>
  visiting(async ({ page }) => {
    site.answer = (path) => (path.endsWith(".wasm") ? { status: 503 } : undefined);
    await page.goto(site.url);
    await type(page, TEXT);
    await recovers(page, /translator could not be started/, () => (site.answer = () => undefined));
  }));

for (const [way, goOn] of /** @type {[string, (page: import("playwright-core").Page) => Promise<void>][]} */ ([
  ["the keyboard", (page) => page.keyboard.press("Control+Enter")],
  ["a button", (page) => page.getByRole("button", { name: "Translate", exact: true }).click()],
])) {
  test(`a download can be stopped and taken up again with ${way}`, () =>
    visiting(async ({ page }) => {
      site.answer = (path) => (weights(path) ? { hang: true } : undefined);
      await page.goto(site.url);
      await type(page, TEXT);
      await page.locator("#bar").waitFor();
      await page.getByRole("button", { name: "Stop" }).click();
      await page.getByText(/^Stopped/).first().waitFor();
      site.answer = () => undefined;
      await goOn(page);
      assert.match(await translated(page), HAN);
      assert.ok(await page.locator("#resume").isHidden());
      assert.equal(await page.locator("#source").inputValue(), TEXT);
    }));
}

test("without space to keep the model it translates all the same, and says so", () =>
  visiting(async ({ page, context }) => {
    const session = await context.newCDPSession(page);
    await session.send("Storage.overrideQuotaForOrigin", { origin: new URL(site.url).origin, quotaSize: 100 });
    await page.goto(site.url);
    await type(page, TEXT);
    assert.match(await translated(page), HAN);
    await page.getByText(/had no space to keep the model/).waitFor();
  }));

test("a browser whose storage is blocked", () =>
  visiting(async ({ page }) => {
    await page.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage", "caches", "indexedDB"]) {
        Object.defineProperty(self, name, {
          get() {
            throw new DOMException("blocked", "SecurityError");
          },
        });
      }
    });
    await page.goto(site.url);
    await type(page, TEXT);
    assert.match(await translated(page), HAN);
  }));

test("a browser without SIMD", () =>
  visiting(async ({ page }) => {
    const code = "WebAssembly.validate = () => false;\n";
    site.answer = async (path) =>
      /^pkg\/(lib\/)?[^/]+\.js$|^www\/app\.js$/.test(path) ? { body: code + (await readFile(join(site.folder, path), "utf8")) } : undefined;
    await page.goto(site.url);
    await type(page, TEXT);
    await recovers(page, /browser cannot run the translator/, () => (site.answer = () => undefined));
  }));
