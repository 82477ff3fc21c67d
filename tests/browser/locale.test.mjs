import assert from "node:assert/strict";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { after, test } from "node:test";

import { root } from "../../tools/setup.mjs";
import { listen } from "../../tools/serve.mjs";
import { faultName } from "../../www/faults.js";
import { setLanguage } from "../../www/locale.js";
import { en } from "../../www/locales/en.js";
import { zh } from "../../www/locales/zh.js";
import { explain } from "../../www/problems.js";
import { accessibilityFaults, HAN, kept, PHONE, stage, translated, type } from "./harness.mjs";

/** @typedef {import("playwright-core").Page} Page */

const registry = createServer((request, response) => {
  const files = { model: { path: "model.bin.gz", uncompressedSize: 15e6, uncompressedHash: "0".repeat(64) }, vocab: { path: "vocab.spm.gz" } };
  const listed = { architecture: "base", releaseStatus: "Release", sourceLanguage: "de", targetLanguage: "en", files };
  response.setHeader("Access-Control-Allow-Origin", "*");
  if (!request.url?.endsWith("models.json")) return response.writeHead(404).end();
  response.end(JSON.stringify({ baseUrl: `http://${request.headers.host}`, models: { "de-en": [listed] } }));
});
const { site, visiting } = stage(async (site) => {
  site.registry = `http://127.0.0.1:${await listen(registry, 0, "127.0.0.1")}/db/models.json`;
});
after(() => {
  registry.close();
  registry.closeAllConnections();
});

const CHINESE = { locale: "zh-CN" };
const TEXT = "I love to eat pizza. The train leaves at ten.";

/** What stands in Latin letters in Chinese, too. */
const LATIN = /Dragoman|GPU|CPU|SIMD|relaxed|WebGPU|MB|KB|CC BY-NC-SA|CC0|Mozilla|Firefox|WebAssembly|Chrome|Edge|Safari|(model|vocab|lex)[\w.*-]*\.(bin|spm)|notes\.txt|https?:\S+/g;

/**
 * Every text that can be seen, heard or pointed at, but for what is in a language of its own: what is translated, and its translation.
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
function texts(page) {
  return page.evaluate(() => {
    const { lang } = document.documentElement;
    const found = [document.title];
    const own = (/** @type {Element} */ element) => element.closest("[lang]")?.getAttribute("lang") === lang && !element.closest("kbd");
    for (const element of document.querySelectorAll("body, body *")) {
      if (element.matches("noscript, script, #card-text, #card-text *, #mirror, .heat td") || !element.checkVisibility({ checkVisibilityCSS: true })) continue;
      for (const name of ["aria-label", "title", "placeholder", "alt"]) found.push(element.getAttribute(name) ?? "");
      if (!own(element)) continue;
      for (const node of element.childNodes) if (node instanceof Text) found.push(node.data.trim());
    }
    return found.filter(Boolean);
  });
}

/** @param {Page} page @param {"en" | "zh"} language */
const switchTo = (page, language) => page.evaluate((to) => {
  // By the control itself, which a dialog may cover.
  const choice = /** @type {HTMLSelectElement} */ (document.getElementById("language"));
  choice.value = to;
  choice.dispatchEvent(new Event("change"));
}, language);

/**
 * All is in Chinese; in English too, once that is chosen; and in Chinese again.
 * @param {Page} page
 * @param {string} state
 */
async function inBoth(page, state) {
  const foreign = async () => {
    const shown = await texts(page);
    assert.ok(shown.length > 10, state);
    // The placeholders of tags of languages.
    return shown.filter((text) => !/^(de|en)$/.test(text) && /[A-Za-z]{2,}/.test(text.replace(LATIN, "")));
  };
  assert.deepEqual(await foreign(), [], state);
  await switchTo(page, "en");
  assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
  assert.deepEqual((await texts(page)).filter((text) => HAN.test(text)), [], `${state}, switched to English`);
  await switchTo(page, "zh");
  assert.deepEqual(await foreign(), [], `${state}, switched to Chinese`);
}

test("all that a Chinese visitor sees is in Chinese: while nothing is typed, while it downloads, and when it is translated", () =>
  visiting(CHINESE, async ({ page }) => {
    assert.equal(await page.evaluate(() => document.documentElement.lang), "zh-Hans");
    await page.locator("#models li").first().waitFor({ state: "attached" });
    for (const panel of ["#storage", "#add", "#engine", "#keyboard"]) await page.locator(`${panel} > summary`).click();
    await inBoth(page, "empty");

    site.answer = (path) => (path.endsWith(".safetensors") ? { hang: true } : undefined);
    await type(page, TEXT);
    await page.locator("#wait").waitFor();
    await inBoth(page, "downloading");
    await page.locator("#cancel").click();
    await page.locator("#status", { hasText: zh.target.stopped }).waitFor();
    await inBoth(page, "stopped");
    site.answer = () => undefined;
    await page.locator("#resume").click();
    await translated(page);
    assert.match(await page.locator("#status").innerText(), /^CPU · .* 词\/秒$/);
    await inBoth(page, "translated");

    await page.locator("label.switch").click();
    await inBoth(page, "word links");
    await page.locator("#target .word").nth(1).click();
    assert.match(await page.locator("#caption").innerText(), /对应原文的 .+ \d+%$/);
    await inBoth(page, "a word");
    await page.locator("#copy").click();
    await inBoth(page, "copied");
    await page.locator("#clear").click();
    await page.locator("#toast").waitFor();
    await inBoth(page, "cleared");
    await page.locator("#toast-undo").click();
    await translated(page);

    await type(page, "我喜欢吃披萨。");
    await page.locator("#offer-accept").waitFor();
    await inBoth(page, "another language");
    await type(page, "12345");
    await page.locator("#status", { hasText: zh.target.nothing }).waitFor();
    await inBoth(page, "nothing to translate");
  }));

test("so are the panels in all their states", () =>
  visiting(CHINESE, async ({ page }) => {
    await page.locator("#models li").first().waitFor({ state: "attached" });
    await page.locator("#storage > summary").click();
    const first = page.locator("#models button").first();
    await first.click();
    await page.locator("#storage-note", { hasText: "可以使用了" }).waitFor();
    await inBoth(page, "downloaded");
    await page.locator("#models li").first().getByRole("button").click();
    await page.locator("#storage-note", { hasText: "已移除" }).waitFor();
    await inBoth(page, "removed");
    site.answer = (path) => (path.endsWith(".safetensors") ? { status: 503 } : undefined);
    await page.locator("#models li").first().getByRole("button").click();
    await page.locator("#storage-note", { hasText: "未能下载" }).waitFor();
    await inBoth(page, "not downloaded");
    site.answer = () => undefined;

    await page.locator("#models a").first().click();
    await page.locator("#card-text h3").waitFor();
    await inBoth(page, "a card");
    await page.locator("#card-close").click();

    await page.locator("#add > summary").click();
    await page.locator("#registry-show").click();
    await page.locator("#registry-form").waitFor();
    assert.deepEqual(await page.locator("#registry-from option").allTextContents(), ["德语"]);
    await inBoth(page, "a registry");
    await page.locator("#registry-form [type=submit]").click();
    await page.locator("#add-note", { hasText: "下载失败" }).waitFor();
    await page.locator("#files").setInputFiles(["vocab.deen.spm", "notes.txt"].map((name) => ({ name, mimeType: "", buffer: Buffer.alloc(2_000) })));
    await page.locator("#add-note", { hasText: "缺少" }).waitFor();
    await inBoth(page, "files");

    await page.locator("#engine > summary").click();
    await page.locator("#engine-check").click();
    await page.locator("#engine-note.verdict").waitFor();
    await inBoth(page, "checked");
    for (const backend of ["gpu", "cpu"]) {
      await page.locator(`input[value=${backend}]`).check();
      await inBoth(page, backend);
    }
  }));

test("what goes wrong is told in Chinese", () =>
  visiting({ ...CHINESE, opened: false }, async ({ page }) => {
    site.answer = (path) => (path.endsWith(".safetensors") ? { status: 503 } : undefined);
    await page.goto(site.url);
    await type(page, TEXT);
    await page.getByRole("alert").getByText(zh.problems.network.title).waitFor();
    await inBoth(page, "no weights");
    site.answer = () => undefined;
    await page.getByRole("button", { name: "重试" }).click();
    assert.match(await translated(page), HAN);
  }));

test("a page that cannot start says so in Chinese, and shows itself", async () => {
  for (const lost of ["www/locales/zh.js", "www/page-text.js", "www/session.js", "www/locale.js"]) {
    await visiting({ ...CHINESE, opened: false }, async ({ page }) => {
      site.answer = (path) => (path === lost ? { status: 503 } : undefined);
      await page.goto(site.url);
      await page.getByRole("alert").getByText("页面未能完整加载").waitFor();
      assert.equal(await page.locator("#retry").innerText(), "重新加载", lost);
    });
  }
});

test("no other language is seen before", () =>
  visiting({ ...CHINESE, opened: false }, async ({ page }) => {
    /** @type {() => void} */
    let release = () => {};
    const held = new Promise((/** @type {(value: void) => void} */ resolve) => (release = resolve));
    site.answer = (path) => (path === "www/locales/zh.js" ? held.then(() => undefined) : undefined);
    await page.goto(site.url, { waitUntil: "commit" });
    await page.locator("footer").waitFor({ state: "attached" });
    const visibility = () => page.evaluate(() => getComputedStyle(document.body).visibility);
    assert.equal(await visibility(), "hidden");
    release();
    await page.locator("footer").waitFor();
    assert.equal(await page.locator(".promise").innerText(), zh.page.promise);
  }));

test("English is there before any script", () =>
  visiting({ opened: false }, async ({ page }) => {
    site.answer = (path) => (path.endsWith(".js") && path !== "www/start.js" ? { hang: true } : undefined);
    await page.goto(site.url, { waitUntil: "commit" });
    await page.getByText(en.page.promise).waitFor();
  }));

test("the language can be chosen, and the choice is remembered", () =>
  visiting({}, async ({ page, context }) => {
    const choice = page.getByRole("combobox", { name: "Language of this page" });
    assert.equal(await choice.inputValue(), "en");
    await type(page, TEXT);
    const before = await translated(page);
    await choice.selectOption("zh");
    assert.equal(await page.title(), zh.page.title);
    assert.equal(await page.locator("#source").getAttribute("placeholder"), zh.source.placeholder);
    assert.equal(await translated(page), before, "the translation stays");
    assert.equal(await page.locator("#count").innerText(), `${TEXT.length} 个字符`);
    await page.reload();
    assert.equal(await page.title(), zh.page.title);
    const second = await context.newPage();
    await second.goto(site.url);
    assert.equal(await second.getByRole("combobox", { name: "界面语言" }).inputValue(), "zh");
    await second.close();
    await page.getByRole("combobox", { name: "界面语言" }).selectOption("en");
    await page.reload();
    assert.equal(await page.evaluate(() => document.documentElement.lang), "en");
    assert.equal(await page.title(), en.page.title);
  }));

test("the first language of the browser's that there is is taken", async () => {
  for (const [languages, expected] of /** @type {[string[], string][]} */ ([
    [["zh-CN", "en"], "zh-Hans"],
    [["zh-TW"], "zh-Hans"],
    [["ZH"], "zh-Hans"],
    [["en-GB", "zh-CN"], "en"],
    [["fr-FR", "zh-HK", "en"], "zh-Hans"],
    [["de", "en-US", "zh"], "en"],
    [["zha", "enm"], "en"],
    [[], "en"],
  ])) {
    await visiting({ opened: false }, async ({ page }) => {
      await page.addInitScript((list) => Object.defineProperty(navigator, "languages", { get: () => list }), languages);
      await page.goto(site.url);
      assert.equal(await page.evaluate(() => document.documentElement.lang), expected, languages.join());
    });
  }
});

test("where storage is blocked the language can be chosen all the same", () =>
  visiting({ ...CHINESE, opened: false }, async ({ page }) => {
    await page.addInitScript(() => {
      for (const name of ["localStorage", "sessionStorage"]) {
        Object.defineProperty(self, name, {
          get() {
            throw new DOMException("blocked", "SecurityError");
          },
        });
      }
    });
    await page.goto(site.url);
    await page.getByRole("combobox", { name: "界面语言" }).selectOption("en");
    assert.equal(await page.locator(".promise").innerText(), en.page.promise);
  }));

test("it is Chinese without a network", () =>
  visiting(CHINESE, async ({ page, context }) => {
    await kept(page);
    await site.stop();
    try {
      await context.setOffline(true);
      await page.reload();
      await page.getByText(zh.page.promise).waitFor();
      await inBoth(page, "offline");
    } finally {
      await site.start();
    }
  }));

for (const [name, options] of /** @type {[string, import("playwright-core").BrowserContextOptions][]} */ ([
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["phone", { ...PHONE, colorScheme: "light" }],
])) {
  test(`in Chinese, too, nothing stands in the way of assistive technology: ${name}`, () =>
    visiting({ ...options, ...CHINESE, bypassCSP: true, reducedMotion: "reduce" }, async ({ page }) => {
      await page.locator("#models li").first().waitFor({ state: "attached" });
      for (const panel of ["#storage", "#add", "#engine"]) await page.locator(`${panel} > summary`).click();
      assert.deepEqual(await accessibilityFaults(page), [], "empty");
      await type(page, TEXT);
      await translated(page);
      await page.locator("label.switch").click();
      await page.locator("#target .word").nth(1).click();
      assert.deepEqual(await accessibilityFaults(page), [], "with word links");
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.equal(overflow, 0);
      const copy = await page.locator("#copy").boundingBox();
      assert.ok(copy && copy.width > copy.height, "no button is broken between two characters");
      await page.locator("#models a").first().click();
      await page.locator("#card-text h3").waitFor();
      assert.deepEqual(await accessibilityFaults(page), [], "a card");
    }));
}

/**
 * The texts of a catalogue, by key; of functions what they make.
 * @param {any} catalogue
 * @param {string} [prefix]
 * @returns {[key: string, text: string][]}
 */
function entries(catalogue, prefix = "") {
  return Object.entries(catalogue).flatMap(([name, value]) => {
    const made = typeof value === "function" ? value("@", "@", "@") : value;
    return typeof made === "string" ? [[prefix + name, made]] : entries(made, `${prefix}${name}.`);
  });
}

test("the catalogues have the same texts, and the Chinese one is set as Chinese is", () => {
  const [english, chinese] = [entries(en), entries(zh)];
  assert.deepEqual(chinese.map(([key]) => key), english.map(([key]) => key));
  const same = new Map(english);
  for (const [key, text] of chinese) {
    if (/^(tag|gap|direction|links\.comma|engine\.graphics|add\.file|faultDetails|engine\.brief\.gpu)$/.test(key)) continue;
    assert.notEqual(text, same.get(key), key);
    assert.match(text, HAN, key);
    assert.doesNotMatch(text, /\p{Script=Han}[,.;:!?()"']|[,.;:!?()"']\p{Script=Han}/u, key);
    assert.doesNotMatch(text, /\p{Script=Han}[A-Za-z]|[A-Za-z]\p{Script=Han}/u, `${key}: a space between Chinese and Latin letters`);
  }
  for (const [key, text] of english) assert.doesNotMatch(text, HAN, key);
});

test("index.html has the English texts, and none that is in no catalogue", () =>
  visiting({}, async ({ page }) => {
    const html = await readFile(join(root, "index.html"), "utf8");
    const [named, others] = await page.evaluate((source) => {
      const parsed = new DOMParser().parseFromString(source, "text/html");
      /** @type {[string, string | null][]} */
      const named = [];
      /** @type {string[]} */
      const others = [];
      for (const element of parsed.querySelectorAll("*")) {
        for (const { name, value } of element.attributes) {
          if (name === "data-text") named.push([value, element.textContent]);
          else if (name.startsWith("data-text-")) named.push([value, element.getAttribute(name.slice("data-text-".length))]);
          else if (/^(aria-label|title|placeholder|alt)$/.test(name) && !element.hasAttribute(`data-text-${name}`)) others.push(value);
        }
        if (element.closest("[data-text], noscript, kbd")) continue;
        for (const node of element.childNodes) if (node instanceof Text && /\p{L}/u.test(node.data)) others.push(node.data.trim());
      }
      return [named, others];
    }, html);
    const texts = new Map(entries(en));
    for (const [key, text] of named) assert.equal(text, texts.get(key), key);
    assert.ok(named.length > 50);
    // Names, and what a script fills in at once.
    const known = ["Dragoman", "English", "中文", "English", "Try again", "Simplified Chinese", "Copy", "model.*.bin, vocab.*.spm, lex.*.bin", "de", "en"];
    assert.deepEqual(others.sort(), known.sort());
  }));

test("no other file of the page has sentences in it", async () => {
  const folder = join(root, "www");
  for (const name of (await readdir(folder)).filter((name) => name.endsWith(".js"))) {
    if (["examples.js", "check-sentences.js", "start.js"].includes(name)) continue;
    const code = (await readFile(join(folder, name), "utf8")).replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "").replace(/new Error\(.*\)|super\(.*\)/g, "");
    const strings = [...code.matchAll(/"([^"\n]*)"|`([^`]*)`/g)].map(([, plain, template]) => plain ?? template.replace(/\$\{[^}]*\}/g, ""));
    const sentences = strings.filter((text) => /[A-Za-z]{2,} [a-z]{2,}|…$/.test(text) && !/^use strict$/.test(text));
    assert.deepEqual(sentences.filter((text) => !/^(visually-hidden|panel map|noopener|verdict|relaxed|\(|a,|select,)|\[.*\]/.test(text)), [], name);
  }
});

test("every failure has a sentence in Chinese", () => {
  setLanguage("zh-Hans");
  try {
    for (const online of [true, false]) {
      for (const name of ["LoadError", "NetworkError", "DataError", "NotSupportedError", "QuotaExceededError", "OperationError", "Surprise"]) {
        const { title, advice, action } = explain(new DOMException("", name), { online, simd: true });
        for (const text of [title, advice, action]) {
          assert.match(text, HAN);
          assert.doesNotMatch(text, /[A-Za-z]/, name);
        }
        assert.match(title, /。$/);
      }
    }
    assert.match(explain(new Error("odd"), { online: true, simd: true }).advice, /（odd）$/);
    assert.equal(faultName("the graphics processor was lost: it fell: down"), "与图形处理器的连接中断（it fell: down）");
    assert.equal(faultName("this browser has no WebGPU"), "此浏览器不支持 WebGPU");
    assert.equal(faultName("something new"), "something new");
  } finally {
    setLanguage("en");
  }
  assert.equal(faultName("the graphics processor was lost: it fell: down"), "the graphics processor was lost: it fell: down");
});

test("the faults that are known are those that the package and the engine name", async () => {
  const library = join(root, "pkg", "lib");
  const sources = [...(await readdir(library)).map((name) => join(library, name)), join(root, "src", "gpu", "mod.rs")];
  const code = (await Promise.all(sources.map((path) => readFile(path, "utf8")))).join("\n");
  for (const fault of Object.values(en.faults)) assert.ok(code.includes(fault), fault);
  const engine = await readFile(join(root, "src", "gpu", "mod.rs"), "utf8");
  for (const [, fault] of engine.matchAll(/#\[error\("(.*): \{0\}"\)\]/g)) assert.ok(Object.values(en.faults).includes(fault), fault);
});
