import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";

import { WITHOUT_RELAXED } from "../../tools/relaxed.mjs";
import { HAN, shown, stage, status, translated, type } from "./harness.mjs";

const { site, visiting: visit } = stage();
/** @param {(kit: import("./harness.mjs").Kit) => Promise<void>} body @param {import("playwright-core").BrowserContextOptions} [options] */
const visiting = (body, options = {}) => visit(options, body);

/** @param {import("playwright-core").Page} page @param {string} text as from a paste: at once */
function paste(page, text) {
  return page.evaluate((value) => {
    const source = /** @type {HTMLTextAreaElement} */ (document.getElementById("source"));
    source.value = value;
    source.dispatchEvent(new InputEvent("input", { bubbles: true }));
  }, text);
}

/**
 * A text of different sentences: the same one again would not be translated anew.
 * @param {number} count
 */
function sentences(count) {
  return Array.from({ length: count }, (_, index) => `House number ${index} is near the park, and its garden is large. `).join("");
}

/** Whether the site has a trained model. */
async function measured() {
  const manifest = JSON.parse(await readFile(`${site.folder}/www/models/manifest.json`, "utf8"));
  return Object.keys(manifest.models[0].scores ?? {}).length > 0;
}

test("what is typed is translated", () =>
  visiting(async ({ page, requests }) => {
    await type(page, "I love to eat pizza");
    // A model that was never measured is one with random weights.
    assert.match(await translated(page), (await measured()) ? /披萨|比萨/ : HAN);
    assert.match(await status(page), /^(CPU|GPU) · .+ · [\d.,]+ m?s · [\d,]+ words\/s$/);
    assert.equal(await page.locator("#target").getAttribute("lang"), "zh-Hans");
    assert.ok(requests.some((address) => /\.wasm$/.test(address)), "the package's requests are seen");
  }));

test("plain SIMD translates as relaxed SIMD does", async () => {
  /** @type {Record<string, string>} */
  const results = {};
  for (const relaxed of [true, false]) {
    if (!relaxed) site.answer = prepend(WITHOUT_RELAXED);
    await visiting(async ({ page }) => {
      await type(page, "The train leaves at ten.");
      const text = await translated(page);
      assert.match(text, HAN);
      results[(await status(page)).split(" · ")[1]] = text;
    }).finally(() => (site.answer = () => undefined));
  }
  assert.deepEqual(Object.keys(results), ["relaxed SIMD", "SIMD"]);
  assert.equal(results["relaxed SIMD"], results.SIMD);
});

/** @param {string} code put before the package's own modules */
function prepend(code) {
  /** @param {string} path */
  return async (path) => {
    if (!/^pkg\/(lib\/)?[^/]+\.js$/.test(path)) return undefined;
    const text = await readFile(`${site.folder}/${path}`, "utf8");
    return { body: code + text };
  };
}

test("the newest text wins", () =>
  visiting(async ({ page }) => {
    await type(page, "The cat is black.");
    const cat = await translated(page);
    await paste(page, sentences(2_000));
    await page.locator("#cancel").waitFor();
    await paste(page, "The cat is black.");
    await page.waitForFunction((expected) => document.getElementById("target")?.innerText.trim() === expected, cat);
    await translated(page);
    await page.waitForTimeout(1_000);
    assert.equal(await shown(page), cat);
  }));

test("a megabyte of text shows its progress, keeps the page alive and can be stopped", () =>
  visiting(async ({ page }) => {
    await type(page, "Hello.");
    await translated(page);
    const text = sentences(20_000);
    assert.ok(text.length > 1e6);
    await paste(page, text);
    await page.waitForFunction(() => /sentences? of [\d,]+ translated/.test(document.getElementById("status")?.textContent ?? ""));
    const first = await status(page);
    const frames = await page.evaluate(async (before) => {
      let count = 0;
      while (count < 5 || document.getElementById("status")?.textContent === before) {
        await new Promise((resolve) => requestAnimationFrame(resolve));
        count++;
      }
      return count;
    }, first);
    assert.ok(frames >= 5);
    assert.ok(await page.locator("#bar").evaluate((bar) => /** @type {HTMLProgressElement} */ (bar).value > 0));
    await page.locator("#cancel").click();
    assert.match(await status(page), /^Stopped/);
    assert.match(await shown(page), HAN);
    assert.equal(await page.locator("#source").inputValue(), text);
    await type(page, "The cat is black.");
    assert.match(await translated(page), HAN);
  }));

test("Escape stops, Ctrl+Enter goes on", () =>
  visiting(async ({ page }) => {
    await type(page, "Good morning.");
    await translated(page);
    await paste(page, sentences(2_000));
    await page.locator("#cancel").waitFor();
    await page.keyboard.press("Escape");
    assert.match(await status(page), /^Stopped/);
    await type(page, "The cat is black.");
    await page.keyboard.press("Control+Enter");
    assert.match(await translated(page), HAN);
  }));

test("white space and line breaks are kept, and copied", () =>
  visiting(
    async ({ page }) => {
      await type(page, "Good morning.\n\n\nThe cat is black.\n");
      await translated(page);
      await page.locator("#copy").click();
      await page.getByRole("button", { name: "Copied" }).waitFor();
      const copied = await page.evaluate(() => navigator.clipboard.readText());
      assert.match(copied, /^[^\n]+\n\n\n[^\n]+\n$/);
    assert.match(copied, HAN);
    },
    { permissions: ["clipboard-read", "clipboard-write"] },
  ));

test("a copy that the browser refuses is told, and the translation is selected for another way", () =>
  visiting(async ({ page }) => {
    await page.evaluate(() => Object.defineProperty(navigator, "clipboard", { value: undefined }));
    await type(page, "Good morning.");
    const text = await translated(page);
    await page.locator("#copy").click();
    await page.locator("#announce", { hasText: "did not let the page copy" }).waitFor({ state: "attached" });
    assert.equal(await page.evaluate(() => getSelection()?.toString().trim()), text);
  }));

test("markup is text", () =>
  visiting(async ({ page }) => {
    const markup = `<img src=x onerror="document.title='owned'"> <b>The cat</b> <script>document.title="owned"</script>`;
    await type(page, markup);
    await translated(page);
    await page.locator("label.switch").click();
    assert.equal(await page.locator("#target :is(img, b, script), #mirror :is(img, b, script), #maps :is(img, b, script)").count(), 0);
    assert.doesNotMatch(await page.title(), /owned/);
    await page.reload();
    await translated(page);
    assert.doesNotMatch(await page.title(), /owned/);
    assert.equal(await page.locator("#source").inputValue(), markup);
  }));

test("odd text comes back", () =>
  visiting(async ({ page }) => {
    for (const text of ["\ud83d", "a\udc00b", "The cat \ud83d is black. \udc00", "\0", "🍕🍕", "42", "\u202eabc\u202c"]) {
      await paste(page, text);
      await translated(page);
      assert.equal(await page.locator("#problem").isVisible(), false, JSON.stringify(text));
    }
  }));

test("blank text is no work", () =>
  visiting(async ({ page }) => {
    await type(page, "  \n ");
    await page.waitForTimeout(500);
    assert.equal(await page.locator("#target").isVisible(), false);
    assert.equal(await page.locator("#problem").isVisible(), false);
  }));

test("an example is one click away", () =>
  visiting(async ({ page }) => {
    await page.getByRole("button", { name: "I love to eat pizza." }).click();
    assert.equal(await page.locator("#source").inputValue(), "I love to eat pizza.");
    assert.match(await translated(page), HAN);
    assert.equal(await page.locator("#empty").isVisible(), false);
  }));

test("the text survives a reload, and clearing can be undone", () =>
  visiting(async ({ page, context }) => {
    await type(page, "Keep this text.");
    await page.reload();
    assert.equal(await page.locator("#source").inputValue(), "Keep this text.");
    await translated(page);
    const other = await context.newPage();
    await other.goto(site.url);
    await type(other, "Another tab.");
    await other.close({ runBeforeUnload: true });
    await page.reload();
    assert.equal(await page.locator("#source").inputValue(), "Keep this text.");

    await page.locator("#clear").click();
    assert.equal(await page.locator("#source").inputValue(), "");
    await page.getByRole("button", { name: "Undo" }).click();
    assert.equal(await page.locator("#source").inputValue(), "Keep this text.");
    await page.locator("#clear").click();
    await page.reload();
    assert.equal(await page.locator("#source").inputValue(), "");
  }));

test("the model can be removed and is downloaded again", () =>
  visiting(async ({ page }) => {
    await type(page, "Good morning.");
    await translated(page);
    await page.locator("#storage > summary").click();
    await page.waitForFunction(() => /MB|KB/.test(document.getElementById("storage-summary")?.textContent ?? ""));
    await page.getByRole("button", { name: /^Remove/ }).click();
    await page.getByText(/^Removed English to Simplified Chinese/).waitFor();
    assert.equal(await page.locator("#storage-summary").innerText(), "nothing stored yet");
    site.asked.length = 0;
    await type(page, "The evening is cold.");
    assert.notEqual(await translated(page), "");
    assert.ok(site.asked.some((path) => path.startsWith("www/models/") && !path.endsWith(".json")));
  }));

test("where there are several directions, there is a choice, and swapping takes the translation along", async () => {
  site.answer = async (path) => {
    if (path !== "www/models/manifest.json") return undefined;
    const manifest = JSON.parse(await readFile(`${site.folder}/${path}`, "utf8"));
    const [model] = manifest.models;
    manifest.models.push({ ...model, id: "back", source: model.target, target: model.source }, { ...model, id: "other", target: "de" });
    return { body: JSON.stringify(manifest) };
  };
  try {
    await visiting(async ({ page }) => {
      const choice = page.getByRole("combobox", { name: "Translate into" });
      await choice.waitFor();
      assert.deepEqual(await choice.locator("option").allInnerTexts(), ["Simplified Chinese", "German"]);
      await type(page, "Good morning.");
      const text = await translated(page);
      await page.getByRole("button", { name: "Swap languages" }).click();
      assert.equal(await page.locator("#source").inputValue(), text);
      assert.equal(await page.locator("#source").getAttribute("lang"), "zh-Hans");
      assert.equal(await page.locator("#target").getAttribute("lang"), "en");
      await page.getByRole("button", { name: "Undo" }).click();
      assert.equal(await page.locator("#source").inputValue(), "Good morning.");
      assert.equal(await page.locator("#target").getAttribute("lang"), "zh-Hans");
      assert.equal(await translated(page), text);
    });
  } finally {
    site.answer = () => undefined;
  }
});

test("with one direction there is nothing to choose or swap", () =>
  visiting(async ({ page }) => {
    const { models } = JSON.parse(await readFile(`${site.folder}/www/models/manifest.json`, "utf8"));
    site.answer = (path) => (path === "www/models/manifest.json" ? { body: JSON.stringify({ version: 1, models: [models[0]] }) } : undefined);
    await page.reload();
    await page.locator("#storage-summary", { hasText: "nothing stored yet" }).waitFor();
    assert.equal(await page.getByRole("main").getByRole("combobox").count(), 0);
    assert.equal(await page.locator("#swap").isVisible(), false);
  }));

test("the first letter decides the direction of writing", () =>
  visiting(async ({ page }) => {
    for (const [text, direction] of [["Hello", "ltr"], ["12: שלום", "rtl"], ["السلام", "rtl"], ["ab שלום", "ltr"], ["", "ltr"]]) {
      await paste(page, text);
      assert.equal(await page.locator("#source").getAttribute("dir"), direction, text);
    }
  }));
