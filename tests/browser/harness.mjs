/** A site on its own server, and pages in a real Chromium, for the browser tests. */

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { chromium } from "playwright-core";

import { listen, site } from "../../tools/serve.mjs";
import { chromium as chromiumPath } from "../../tools/setup.mjs";
import { assemble } from "../../tools/site.mjs";

/** @typedef {import("../../tools/serve.mjs").Answer} Answer */
/** @typedef {import("playwright-core").Page} Page */

/** A slow machine that downloads and translates at once needs this long; nothing waits for it needlessly. */
export const PATIENCE = 300_000;

const FLAGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** WebGPU on any machine: SwiftShader computes it. */
export const WEBGPU = ["--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan"];

/**
 * @param {string[]} [flags]
 * @returns {Promise<import("playwright-core").Browser>}
 */
export function launch(flags = []) {
  return chromium.launch({ executablePath: chromiumPath(), args: [...FLAGS, ...flags] });
}

/** @type {Promise<boolean> | undefined} */
let equipped;

/** Whether this Chromium has an adapter for WebGPU, which needs a secure page. */
async function hasAdapter() {
  const server = createServer((_, response) => response.setHeader("Content-Type", "text/html").end("<!doctype html>"));
  const browser = await launch(WEBGPU);
  try {
    const page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${await listen(server, 0, "127.0.0.1")}/`);
    return await page.evaluate(async () => Boolean(await /** @type {any} */ (navigator).gpu?.requestAdapter()));
  } finally {
    await browser.close();
    server.close();
    server.closeAllConnections();
  }
}

/**
 * A test that needs a GPU. Without one it is skipped, or fails where DRAGOMAN_REQUIRE_GPU is set.
 * @param {string} name
 * @param {() => Promise<void>} body
 */
export function onGpu(name, body) {
  test(name, async (t) => {
    equipped ??= hasAdapter();
    if (await equipped) return body();
    assert.ok(!process.env.DRAGOMAN_REQUIRE_GPU, "this Chromium has no WebGPU adapter");
    t.skip("NOTHING WAS TESTED: this Chromium has no WebGPU adapter, not even SwiftShader");
  });
}

/** The assembled site, served below a path as on a host that many sites share. */
export class Site {
  static base = "/some/where/";
  /** Answers in place of a file. @type {(path: string) => Answer | undefined | Promise<Answer | undefined>} */
  answer = () => undefined;
  /** Paths that were asked for. @type {string[]} */
  asked = [];
  folder = "";
  port = 0;
  /** Address of a registry that the page may offer. */
  registry = "";
  /** @type {import("node:http").Server | null} */
  #server = null;

  static async open() {
    const opened = new Site();
    await opened.open();
    return opened;
  }

  async open() {
    this.folder = await mkdtemp(join(tmpdir(), "dragoman-site-"));
    await assemble(this.folder, this.registry);
    await this.start();
  }

  get url() {
    return `http://127.0.0.1:${this.port}${Site.base}`;
  }

  async start() {
    this.#server = await site({
      folder: this.folder,
      base: Site.base,
      answer: (path) => {
        this.asked.push(path);
        return this.answer(path);
      },
    });
    this.port = await listen(this.#server, this.port, "127.0.0.1");
  }

  /** Stops answering, as a host that is down. */
  async stop() {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  }

  async close() {
    await this.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/**
 * A page with an empty profile of its own, and what must never happen in one.
 * @param {import("playwright-core").Browser} browser
 * @param {import("playwright-core").BrowserContextOptions} [options]
 */
export async function visitor(browser, options) {
  const context = await browser.newContext(options);
  context.setDefaultTimeout(PATIENCE);
  /** Addresses asked for, workers' and service workers' included. @type {string[]} */
  const requests = [];
  /** Exceptions and violations of the content security policy. @type {string[]} */
  const faults = [];
  context.on("request", (request) => requests.push(request.url()));
  context.on("weberror", (error) => faults.push(String(error.error().stack)));
  context.on("console", (message) => {
    if (/Content Security Policy/i.test(message.text())) faults.push(message.text());
  });
  const page = await context.newPage();
  return { context, page, requests, faults };
}

/** @typedef {Awaited<ReturnType<typeof visitor>>} Kit */

/**
 * A site and a browser for all tests of a file.
 * @param {(site: Site) => Promise<void>} [prepare] called before the site is assembled
 * @param {string[]} [flags] of the browser
 */
export function stage(prepare = async () => {}, flags = []) {
  const site = new Site();
  /** @type {import("playwright-core").Browser} */
  let browser;
  before(async () => {
    [browser] = await Promise.all([launch(flags), prepare(site).then(() => site.open())]);
  });
  after(async () => {
    await browser.close();
    await site.close();
  });

  /**
   * Runs a test with a visitor of its own, whose page does nothing forbidden and asks for nothing outside the site.
   * @param {import("playwright-core").BrowserContextOptions & { opened?: boolean }} options `opened: false` leaves opening the
   *   page to the test
   * @param {(kit: Kit) => Promise<void>} body
   */
  async function visiting({ opened = true, ...options }, body) {
    const kit = await visitor(browser, options);
    try {
      if (opened) await kit.page.goto(site.url);
      await body(kit);
      assert.deepEqual(kit.faults, []);
      for (const address of kit.requests) {
        const allowed = [site.url, "blob:", "data:", ...(site.registry ? [new URL("/", site.registry).href] : [])];
        assert.ok(allowed.some((beginning) => address.startsWith(beginning)), address);
      }
    } finally {
      site.answer = () => undefined;
      await kit.context.close();
    }
  }
  return { site, visiting };
}

/** @param {Page} page @param {string} text */
export async function type(page, text) {
  await page.locator("#source").fill(text);
}

/**
 * Waits until the text typed last is translated.
 * @param {Page} page
 * @returns {Promise<string>} the translation as shown
 */
export async function translated(page) {
  await page.locator("#copy:enabled").waitFor();
  return shown(page);
}

/** @param {Page} page */
export async function shown(page) {
  return (await page.locator("#target").innerText()).trim();
}

/** @param {Page} page */
export function status(page) {
  return page.locator("#status").innerText();
}

/**
 * Waits until the service worker has kept everything it serves.
 * @param {Page} page
 */
export async function kept(page) {
  await page.evaluate(async () => {
    const { active } = await navigator.serviceWorker.ready;
    if (active && active.state !== "activated") {
      await new Promise((resolve) => active.addEventListener("statechange", resolve, { once: true }));
    }
  });
}

export const HAN = /\p{Script=Han}/u;

export const PHONE = { viewport: { width: 360, height: 740 }, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };

/** @type {Promise<string> | undefined} */
let axe;

/**
 * What stands in the way of assistive technology, as far as axe finds it. Needs `bypassCSP`.
 * @param {Page} page
 * @returns {Promise<string[]>}
 */
export async function accessibilityFaults(page) {
  axe ??= readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  await page.evaluate(await axe);
  const found = await page.evaluate(async () => {
    const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
    // @ts-expect-error axe has just been put there
    const { violations } = await window.axe.run(document, { runOnly: rules });
    return violations;
  });
  return found.map(
    (/** @type {{ id: string, nodes: { html: string, failureSummary: string }[] }} */ { id, nodes }) =>
      `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join("; ")}`,
  );
}
