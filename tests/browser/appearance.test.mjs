import assert from "node:assert/strict";
import { test } from "node:test";

import { accessibilityFaults, HAN, PHONE, stage, translated, type } from "./harness.mjs";

const { site, visiting } = stage();

for (const [name, options] of /** @type {[string, import("playwright-core").BrowserContextOptions][]} */ ([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["phone", { ...PHONE, colorScheme: "light" }],
])) {
  test(`nothing stands in the way of assistive technology: ${name}`, () =>
    visiting({ ...options, bypassCSP: true, reducedMotion: "reduce" }, async ({ page }) => {
      assert.deepEqual(await accessibilityFaults(page), [], "empty");
      await type(page, "I love to eat pizza. The train leaves at ten.");
      await translated(page);
      assert.deepEqual(await accessibilityFaults(page), [], "translated");
      await page.locator("label.switch").click();
      await page.locator("#target .word").nth(1).click();
      await page.locator("#storage > summary").click();
      await page.locator("#add > summary").click();
      await page.locator("#engine > summary").click();
      if (name !== "phone") await page.locator("#keyboard > summary").click();
      assert.deepEqual(await accessibilityFaults(page), [], "with word links");
      site.answer = (path) => (path.startsWith("www/models/") ? { status: 503 } : undefined);
      try {
        await page.getByRole("button", { name: /^Remove/ }).click();
        await page.getByText(/^Removed/).waitFor();
        await type(page, "It fails now.");
        await page.getByRole("alert").waitFor();
        assert.deepEqual(await accessibilityFaults(page), [], "failed");
      } finally {
        site.answer = () => undefined;
      }
    }));
}

test("dark mode is dark", () =>
  visiting({ colorScheme: "dark" }, async ({ page }) => {
    const luminance = await page.evaluate(() => {
      const [red, green, blue] = (getComputedStyle(document.documentElement).backgroundColor.match(/\d+/g) ?? []).map(Number);
      return (red + green + blue) / 3;
    });
    assert.ok(luminance < 40, String(luminance));
  }));

test("with forced colours the state of the switch and the words that are lit can be seen", () =>
  visiting({ forcedColors: "active", reducedMotion: "reduce" }, async ({ page }) => {
    const look = (/** @type {string} */ selector, /** @type {"backgroundColor" | "outlineStyle"} */ property, pseudo = "") =>
      page.locator(selector).first().evaluate((element, [name, part]) => getComputedStyle(element, part || null)[/** @type {any} */ (name)], [property, pseudo]);
    await type(page, "I love to eat pizza.");
    await translated(page);
    const off = await look(".track", "backgroundColor");
    assert.notEqual(await look(".track", "backgroundColor", "::after"), off);
    await page.locator("label.switch").click();
    const on = await look(".track", "backgroundColor");
    assert.notEqual(on, off);
    assert.notEqual(await look(".track", "backgroundColor", "::after"), on);
    await page.locator("#target .word").first().click();
    assert.equal(await look("#mirror .lit", "outlineStyle"), "solid");
    assert.equal(await look("#source", "backgroundColor"), "rgba(0, 0, 0, 0)", "the words under the text shine through");
  }));

test("a phone never scrolls sideways", () =>
  visiting(PHONE, async ({ page }) => {
    const overflow = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(await overflow(), 0);
    await type(page, `Look at https://example.org/${"a-very-long-path/".repeat(12)} and the ${"extremely ".repeat(30)}long sentence.`);
    await translated(page);
    assert.equal(await overflow(), 0);
    await page.locator("label.switch").tap();
    await page.locator("#attention").waitFor();
    assert.equal(await overflow(), 0);
    for (const panel of ["#storage", "#add", "#engine"]) await page.locator(`${panel} > summary`).tap();
    assert.equal(await overflow(), 0);
    const [from, to] = await Promise.all(["#editor", "#target"].map((pane) => page.locator(pane).boundingBox()));
    assert.ok(from && to && to.y >= from.y + from.height, "the panes are stacked");
    for (const button of await page.locator("button:visible").all()) {
      const box = await button.boundingBox();
      assert.ok(box && box.height >= 24 && box.width >= 24, await button.innerText());
    }
  }));

/** Paragraphs without word links between them. @param {number} count */
const paragraphs = (count) => Array(count).fill("The museum, which opened its doors again in spring after three years of repairs, shows paintings that had never left the attic.").join("\n");
/** @param {import("playwright-core").Page} page @param {string} selector */
const inView = (page, selector) =>
  page.locator(selector).evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return top >= 0 && bottom <= innerHeight;
  });

test("on a phone the translation of a long text begins on the first screen", () =>
  visiting(PHONE, async ({ page }) => {
    const text = paragraphs(20);
    await type(page, text);
    await translated(page);
    await page.evaluate(() => scrollTo(0, 0));
    assert.ok(await inView(page, "#target-language"));
    assert.ok(await inView(page, "#copy"), "its buttons are in view, too");
    const editor = page.locator("#editor");
    assert.ok(await editor.evaluate((box) => box.scrollHeight > 2 * box.clientHeight), "the text is there to scroll to");
    // The caret is brought into view where something is typed.
    await page.locator("#source").press("Control+End");
    await page.keyboard.type(" The end.");
    assert.ok(await editor.evaluate((box) => box.scrollTop + box.clientHeight > box.scrollHeight - 60));
    await translated(page);
    await page.locator("label.switch").tap();
    await page.locator("#target .word").last().tap();
    const lit = await page.locator("#mirror .lit").first().evaluate((word) => word.getBoundingClientRect().width);
    assert.ok(lit > 0);
  }));

test("both sides of a very long text are as high as each other, and their buttons stay in view", () =>
  visiting({}, async ({ page }) => {
    await type(page, paragraphs(180));
    await page.waitForFunction(() => (document.getElementById("target")?.offsetHeight ?? 0) > 1_500);
    const [source, body] = await page.evaluate(() => ["source", "body"].map((id) => document.getElementById(id)?.offsetHeight));
    assert.equal(source, body);
    await translated(page);
    await page.evaluate(() => scrollTo(0, 0));
    for (const button of ["#clear", "#copy"]) assert.ok(await inView(page, button), button);
    // Scrolled with the keyboard, too.
    await page.locator("#body").focus();
    await page.keyboard.press("End");
    await page.waitForFunction(() => (document.getElementById("body")?.scrollTop ?? 0) > 500);
    await type(page, "Good morning.");
    await translated(page);
    assert.equal(await page.locator("#body").getAttribute("tabindex"), null);
  }));

test("the text area grows with its text, and the words under it stand where they are written", () =>
  visiting({}, async ({ page }) => {
    await type(page, "line\n".repeat(40));
    const { scroll, client } = await page.locator("#source").evaluate((area) => ({ scroll: area.scrollHeight, client: area.clientHeight }));
    assert.ok(scroll <= client + 1, `${scroll} > ${client}`);
    const same = await page.evaluate(() => {
      const properties = /** @type {const} */ (["fontFamily", "fontSize", "lineHeight", "letterSpacing", "paddingTop", "paddingLeft", "width"]);
      const area = getComputedStyle(/** @type {Element} */ (document.getElementById("source")));
      const mirror = getComputedStyle(/** @type {Element} */ (document.getElementById("mirror")));
      return properties.filter((property) => area[property] !== mirror[property]);
    });
    assert.deepEqual(same, []);
  }));

test("pointing at a word shows the words it is linked to, on both sides", () =>
  visiting({}, async ({ page }) => {
    await type(page, "I love to eat pizza");
    const text = await translated(page);
    await page.locator("label.switch").click();
    const words = page.locator("#target .word");
    assert.ok((await words.count()) > 1);
    assert.equal((await words.allInnerTexts()).join(""), text);
    await words.nth(1).hover();
    const lit = page.locator("#mirror .word.lit");
    assert.ok((await lit.count()) > 0);
    assert.match(await page.locator("#caption").innerText(), /comes from .+ \d+%/);

    const box = await page.locator("#mirror .word", { hasText: "pizza" }).boundingBox();
    assert.ok(box);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    assert.match(await page.locator("#caption").innerText(), /^pizza went into .+ \d+%/);
    assert.ok((await page.locator("#target .word.lit").count()) > 0);

    const table = page.locator("#maps table").first();
    assert.equal(await table.locator("tbody tr").count(), await words.count());
    assert.equal(await table.locator("thead th").count(), 5);
    for (const cell of await table.locator("tbody td").allTextContents()) assert.match(cell, /^\d+%$/);

    await page.locator("#source").pressSequentially("!");
    assert.match(await translated(page), HAN);
    await page.reload();
    assert.equal(await page.locator("#links").isChecked(), true, "the switch is remembered");
  }));

test("everything can be done with the keyboard", () =>
  visiting({}, async ({ page }) => {
    const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.className || "");
    await page.keyboard.press("Tab");
    assert.equal(await focused(), "skip");
    await page.keyboard.press("Enter");
    await page.keyboard.type("I love to eat pizza");
    assert.equal(await page.locator("#source").inputValue(), "I love to eat pizza");
    await translated(page);
    /** @param {string} name */
    const tabTo = async (name) => {
      for (let step = 0; step < 12 && (await focused()) !== name; step++) await page.keyboard.press("Tab");
      assert.equal(await focused(), name);
    };
    await tabTo("links");
    await page.keyboard.press("Space");
    await page.keyboard.press("Tab");
    const place = () => page.evaluate(() => [...document.querySelectorAll("#target .word")].findIndex((word) => word === document.activeElement));
    assert.equal(await place(), 0);
    assert.match(await page.locator("#caption").innerText(), /comes from/);
    await page.keyboard.press("ArrowRight");
    assert.equal(await place(), 1);
    await page.keyboard.press("End");
    assert.equal(await place(), (await page.locator("#target .word").count()) - 1);
    await page.keyboard.press("Enter");
    assert.equal(await page.locator('#target [aria-pressed="true"]').count(), 1);
    await page.keyboard.press("Escape");
    assert.equal(await page.locator('#target [aria-pressed="true"]').count(), 0);
    await tabTo("copy");
    const ring = await page.locator("#copy").evaluate((button) => getComputedStyle(button).outlineWidth);
    assert.notEqual(ring, "0px");
  }));

test("a screen reader hears the result once it is there, not every keystroke", () =>
  visiting({}, async ({ page }) => {
    await page.evaluate(() => {
      const said = /** @type {string[]} */ ([]);
      Object.assign(window, { said });
      new MutationObserver(() => said.push(document.getElementById("announce")?.textContent ?? "")).observe(
        /** @type {Node} */ (document.getElementById("announce")),
        { childList: true },
      );
    });
    await page.locator("#source").pressSequentially("I love to eat pizza", { delay: 20 });
    const text = await translated(page);
    await page.locator("#announce", { hasText: "Translation:" }).waitFor({ state: "attached" });
    // @ts-expect-error put there above
    const said = await page.evaluate(() => window.said);
    assert.equal(said.at(-1), `Translation: ${text}`);
    assert.ok(said.length <= 3, said.join(" | "));
    assert.equal(await page.locator("#announce [lang=zh-Hans]").count(), 1);
  }));
