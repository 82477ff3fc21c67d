import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";

import { accessibilityFaults, kept, PHONE, stage } from "./harness.mjs";

const { site, visiting } = stage();

/** @typedef {import("playwright-core").Page} Page */

/** @param {Page} page @param {string} [name] part of the model's name */
async function openCard(page, name = "English to") {
  if (!(await page.locator("#storage").getAttribute("open").then((open) => open !== null))) await page.locator("#storage > summary").click();
  await page.locator("#models li", { hasText: name }).getByRole("link", { name: /^About this model/ }).click();
  await page.locator("#card-text h3").waitFor();
}

test("each model of the site has a card, which opens over the page and closes again", () =>
  visiting({}, async ({ page }) => {
    const { models } = JSON.parse(await readFile(join(site.folder, "www/models/manifest.json"), "utf8"));
    await page.locator("#storage > summary").click();
    const links = page.getByRole("link", { name: /^About this model/ });
    await links.first().waitFor();
    assert.equal(await links.count(), models.length);
    const dialog = page.getByRole("dialog");
    for (const [index, { id, card }] of models.entries()) {
      const name = await links.nth(index).textContent();
      await links.nth(index).click();
      const source = await readFile(join(site.folder, "www/models", card), "utf8");
      await dialog.getByRole("heading", { name: `Model card: ${id}` }).waitFor();
      const headings = [...source.matchAll(/^## (.*)$/gm)].map(([, text]) => text);
      assert.deepEqual(await dialog.locator("h4").allTextContents(), headings);
      assert.equal(await dialog.locator("table").count(), source.match(/^\|[-:|]+\|$/gm)?.length);
      assert.doesNotMatch(await dialog.innerText(), /```|\*\*|\|---|^#/m);
      await (index ? page.keyboard.press("Escape") : dialog.getByRole("button", { name: "Close" }).click());
      await dialog.waitFor({ state: "hidden" });
      assert.equal(await page.evaluate(() => document.activeElement?.textContent), name, "the keyboard goes on where it was");
    }
  }));

test("a card can be read as text in a tab of its own", async () => {
  const response = await fetch(`${site.url}www/models/en-zh.md`);
  assert.equal(response.headers.get("content-type"), "text/plain; charset=utf-8");
  assert.match(await response.text(), /^# Model card/);
});

test("a card leads to other cards and other sites, and nowhere else", () =>
  visiting({}, async ({ page }) => {
    await openCard(page, "to English");
    const addresses = await page.locator("#card-text a").evaluateAll((links) => links.map((link) => [link.getAttribute("href"), link.getAttribute("target")]));
    assert.ok(addresses.some(([href, target]) => href?.startsWith("https://github.com/") && target === "_blank"));
    await page.locator("#card-text").getByRole("link", { name: "en-zh" }).click();
    await page.getByRole("heading", { name: "Model card: en-zh" }).waitFor();
    assert.equal(page.url(), site.url);
  }));

test("cards are there without a network", () =>
  visiting({}, async ({ page, context }) => {
    await kept(page);
    await site.stop();
    try {
      await context.setOffline(true);
      await page.reload();
      await openCard(page);
    } finally {
      await site.start();
    }
  }));

test("a card that cannot be had says so, and the page stays as it is", () =>
  visiting({ opened: false }, async ({ page }) => {
    site.answer = (path) => (path.endsWith(".md") ? { status: 503 } : undefined);
    await page.goto(site.url);
    await page.locator("#storage > summary").click();
    await page.getByRole("link", { name: /^About this model/ }).first().click();
    await page.getByText("could not be loaded").waitFor();
    site.answer = () => undefined;
    await page.getByRole("button", { name: "Close" }).click();
    await openCard(page);
  }));

test("what is no Markdown is shown as text, and no address runs anything", () =>
  visiting({ opened: false }, async ({ page }) => {
    const hostile = [
      "# A <b>bold</b> <script>document.title = 'x'</script> card",
      '<img src="x" onerror="document.title = 1">',
      "[one](javascript:document.title=1) [two](data:text/html,x) [three](//[) [four](../../index.html) [five](https://example.org/) [`six`](zh-en.md)",
      "",
      "| a | b |",
      "|---|---:|",
      "| <i>1</i> | **2** | more |",
      "| lonely |",
      "",
      "- *item*",
      "  goes on",
      "- `a | b`",
      "",
      "[".repeat(20_000),
      "*".repeat(20_000),
      "```",
      "<!-- never closed",
    ].join("\n");
    site.answer = (path) => (path === "www/models/en-zh.md" ? { body: hostile } : undefined);
    await page.goto(site.url);
    const title = await page.title();
    await openCard(page);
    const text = page.locator("#card-text");
    assert.equal(await text.locator("script, img, b, i").count(), 0);
    assert.equal(await text.locator("h3").innerText(), "A <b>bold</b> <script>document.title = 'x'</script> card");
    assert.deepEqual(await text.locator("a").allTextContents(), ["five", "six"]);
    assert.deepEqual(await text.locator("tbody tr").evaluateAll((rows) => rows.map((row) => row.childElementCount)), [3, 1]);
    assert.equal(await text.locator("tbody strong").innerText(), "2");
    assert.deepEqual(await text.locator("li").allTextContents(), ["item goes on", "a | b"]);
    assert.equal(await text.locator("pre").innerText(), "<!-- never closed");
    assert.equal(await page.title(), title);
  }));

test("an Escape that closes the card stops no translation", () =>
  visiting({}, async ({ page }) => {
    site.answer = (path) => (path.endsWith(".safetensors") ? { hang: true } : undefined);
    await page.locator("#source").fill("Good morning.");
    await page.locator("#bar").waitFor();
    await openCard(page);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    assert.ok(await page.locator("#bar").isVisible());
  }));

for (const [name, options] of /** @type {[string, import("playwright-core").BrowserContextOptions][]} */ ([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["phone", { ...PHONE, colorScheme: "dark" }],
])) {
  test(`a card can be read by everybody: ${name}`, () =>
    visiting({ ...options, bypassCSP: true, reducedMotion: "reduce" }, async ({ page }) => {
      for (const model of ["English to", "to English"]) {
        await openCard(page, model);
        assert.deepEqual(await accessibilityFaults(page), [], model);
        const sideways = await page.locator("#card-text").evaluate((text) => text.scrollWidth - text.clientWidth);
        assert.equal(sideways, 0, model);
        await page.getByRole("button", { name: "Close" }).click();
      }
    }));
}
