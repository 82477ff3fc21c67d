import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { sitePath } from "../../tools/serve.mjs";
import { explain } from "../../www/problems.js";
import { Site } from "./harness.mjs";

/** @type {Site} */
let site;
before(async () => {
  site = await Site.open();
});
after(() => site.close());

test("paths stay inside the site", () => {
  for (const [url, expected] of [
    ["/", "index.html"],
    ["/?text=a", "index.html"],
    ["/www/app.js", "www/app.js"],
    ["/www/../index.html", "index.html"],
    ["/../../etc/passwd", "etc/passwd"],
    ["/%2e%2e/%2e%2e/etc/passwd", "etc/passwd"],
    ["/..%2f..%2fetc/passwd", null],
    ["/www/..%2f..%2f..%2fetc/passwd", null],
    ["/%00", null],
    ["/C:%5cwindows", null],
    ["/%", null],
  ]) {
    assert.equal(sitePath(/** @type {string} */ (url), "/"), expected, String(url));
  }
  assert.equal(sitePath("/base/www/", "/base/"), "www/index.html");
  assert.equal(sitePath("/elsewhere", "/base/"), null);
});

test("files have their types, and no more may be done than read them", async () => {
  for (const [path, type] of [
    ["", "text/html; charset=utf-8"],
    ["www/app.js", "text/javascript; charset=utf-8"],
    ["www/style.css", "text/css; charset=utf-8"],
    ["www/manifest.webmanifest", "application/manifest+json"],
    ["www/icons/icon.svg", "image/svg+xml"],
    ["sw.js", "text/javascript; charset=utf-8"],
  ]) {
    const response = await fetch(site.url + path);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers.get("content-type"), type);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
    assert.doesNotMatch(response.headers.get("content-security-policy") ?? "", /'unsafe-eval'|'unsafe-inline'|https?:/);
  }
  assert.equal((await fetch(`${site.url}nothing`)).status, 404);
  assert.equal((await fetch(site.url, { method: "POST", body: "text" })).status, 405);
  const again = await fetch(`${site.url}sw.js`, { headers: { "If-None-Match": (await fetch(`${site.url}sw.js`)).headers.get("etag") ?? "" } });
  assert.equal(again.status, 304);
});

test("the page asks for nothing outside its folder", async () => {
  const html = await (await fetch(site.url)).text();
  const addresses = [...html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, address]) => address);
  assert.ok(addresses.length > 4);
  for (const address of addresses) assert.doesNotMatch(address, /^(\/|[a-z]+:|\.\.)/, address);
  assert.doesNotMatch(html, /\sstyle="|\son\w+="|<script>/);
});

test("only a registry that is asked for is named, and allowed", async () => {
  const read = async (/** @type {Site} */ from) => {
    const html = await (await fetch(from.url)).text();
    return [/name="dragoman-registry" content="([^"]*)"/.exec(html)?.[1], /connect-src ([^;"]*)/.exec(html)?.[1]];
  };
  assert.deepEqual(await read(site), ["", "'self'"]);
  const other = new Site();
  other.registry = "https://models.example.org/db/models.json";
  await other.open();
  try {
    assert.deepEqual(await read(other), [other.registry, "'self' https://models.example.org"]);
  } finally {
    await other.close();
  }
  for (const bad of ["nonsense", "https://example.org/; script-src *", "https://example.org/\"><script>"]) {
    const refused = new Site();
    refused.registry = bad;
    await assert.rejects(refused.open(), /REGISTRY/);
    await refused.close();
  }
});

test("every failure has a sentence and a way out", () => {
  const names = ["LoadError", "NetworkError", "DataError", "NotSupportedError", "QuotaExceededError", "OperationError", "Surprise"];
  const titles = new Set();
  for (const online of [true, false]) {
    for (const name of names) {
      const { title, advice, action } = explain(new DOMException("details", name), { online, simd: true });
      assert.match(title, /^[A-Z].*\.$/);
      assert.ok(advice.length > 20 && action.length > 3);
      titles.add(title);
    }
  }
  assert.equal(titles.size, 9);
  assert.match(explain(new Error("x"), { online: true, simd: false }).title, /browser cannot run/);
  assert.match(explain("odd", { online: true, simd: true }).advice, /odd/);
});
