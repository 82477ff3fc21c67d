import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { createServer, request } from "node:http";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { listen } from "../../tools/serve.mjs";
import { HAN, kept, launch, Site, translated, type, visitor } from "./harness.mjs";

/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  browser = await launch();
});
after(() => browser.close());

/** @param {(kit: Awaited<ReturnType<typeof visitor>> & { site: Site }) => Promise<void>} body */
async function visiting(body) {
  const site = await Site.open();
  const kit = await visitor(browser);
  try {
    await kit.page.goto(site.url);
    await body({ ...kit, site });
    assert.deepEqual(kit.faults, []);
  } finally {
    await kit.context.close();
    await site.close();
  }
}

test("the second visit needs no network", () =>
  visiting(async ({ page, context, site }) => {
    await type(page, "Good morning.");
    await translated(page);
    await kept(page);
    await site.stop();
    await context.setOffline(true);
    for (const address of [site.url, `${site.url}index.html`, `${site.url}?from=home-screen`]) {
      await page.goto(address);
      await type(page, "I love to eat pizza");
      assert.match(await translated(page), HAN);
    }
    await page.getByText(/ready offline/).waitFor();
  }));

test("nor does it on a host that sends index.html to its folder", () =>
  visiting(async ({ page, context, site }) => {
    const host = createServer((asked, answer) => {
      if (asked.url === `${Site.base}index.html`) return answer.writeHead(308, { Location: Site.base }).end();
      const inner = request({ port: site.port, path: asked.url, method: asked.method, headers: asked.headers }, (found) => {
        answer.writeHead(found.statusCode ?? 500, found.headers);
        found.pipe(answer);
      });
      asked.pipe(inner);
    });
    const address = `http://127.0.0.1:${await listen(host, 0, "127.0.0.1")}${Site.base}`;
    try {
      await page.goto(address);
      await kept(page);
    } finally {
      host.close();
      host.closeAllConnections();
    }
    await context.setOffline(true);
    for (const path of ["", "index.html"]) {
      await page.goto(address + path);
      await page.getByRole("button", { name: "I love to eat pizza." }).waitFor();
    }
  }));

test("sites on one host leave each other's files alone, and odd addresses do no harm", () =>
  visiting(async ({ page, site }) => {
    await kept(page);
    const other = "dragoman-page-/some/where/else/ 0123456789abcdef";
    await page.evaluate((name) => self.caches.open(name), other);
    await publish(site, "www/examples.js", (text) => `${text}\n// Newer.\n`);
    await page.reload();
    await page.getByRole("button", { name: "Reload" }).click();
    const names = () => page.evaluate(async () => (await self.caches.keys()).filter((name) => name.startsWith("dragoman-page-")));
    await page.waitForFunction(() => performance.getEntriesByType("navigation").length > 0 && document.getElementById("update")?.hidden);
    await kept(page);
    const left = await names();
    assert.ok(left.includes(other), left.join());
    assert.equal(left.length, 2, left.join());
    const answer = await page.evaluate(async () => (await fetch("%E0%A4%A")).status);
    assert.ok(answer >= 400 && answer < 500, `${answer}`);
  }));

test("the page can be installed", () =>
  visiting(async ({ page, context, site }) => {
    const session = await context.newCDPSession(page);
    const { url, errors, data } = await session.send("Page.getAppManifest");
    assert.equal(url, `${site.url}www/manifest.webmanifest`);
    assert.deepEqual(errors, []);
    const manifest = JSON.parse(data ?? "");
    assert.equal(new URL(manifest.start_url, url).href, site.url);
    assert.equal(new URL(manifest.scope, url).href, site.url);
    for (const { src, sizes, type: mime } of manifest.icons) {
      const response = await fetch(new URL(src, url));
      assert.equal(response.headers.get("content-type"), mime, src);
      const png = Buffer.from(await response.arrayBuffer());
      if (mime === "image/png") assert.equal(`${png.readUInt32BE(16)}x${png.readUInt32BE(20)}`, sizes, src);
    }
    await kept(page);
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    assert.deepEqual(installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito"), []);
  }));

/**
 * Publishes the site with one file changed.
 * @param {Site} site
 * @param {string} path
 * @param {(text: string) => string} change
 * @param {boolean} [complete] whether the changed file is there already, or only the list
 */
async function publish(site, path, change, complete = true) {
  const text = await readFile(join(site.folder, path), "utf8");
  const hash = (/** @type {string} */ content) => createHash("sha256").update(content).digest("hex");
  const changed = change(text);
  const list = (await readFile(join(site.folder, "sw.js"), "utf8"))
    .replace(`"${path}":"${hash(text)}"`, `"${path}":"${hash(changed)}"`)
    .replace(/"version":"[^"]+"/, `"version":"${hash(changed).slice(0, 16)}"`);
  assert.ok(list.includes(hash(changed)));
  if (complete) await writeFile(join(site.folder, path), changed);
  await writeFile(join(site.folder, "sw.js"), list);
}

test("a new version is offered, and then replaces all files at once", () =>
  visiting(async ({ page, site }) => {
    await kept(page);
    await publish(site, "www/examples.js", (text) => text.replace("I love to eat pizza.", "A newer example."));
    await page.reload();
    // The old version stays whole until the visitor agrees.
    await page.getByRole("button", { name: "I love to eat pizza." }).waitFor();
    await page.getByText("A new version is ready.").waitFor();
    await type(page, "Typed before the update.");
    await page.getByRole("button", { name: "Reload" }).click();
    await page.waitForFunction(() => performance.getEntriesByType("navigation").length > 0 && document.getElementById("update")?.hidden);
    await page.waitForFunction(() => document.querySelector("#examples")?.textContent?.includes("A newer example."));
    assert.equal(await page.locator("#source").inputValue(), "Typed before the update.");
    const caches = await page.evaluate(async () => (await self.caches.keys()).filter((name) => name.startsWith("dragoman-page-")));
    assert.equal(caches.length, 1);
  }));

test("a new version that is already coming when the page starts is offered too", () =>
  visiting(async ({ page, site }) => {
    await kept(page);
    await page.addInitScript(() => {
      const { register } = ServiceWorkerContainer.prototype;
      ServiceWorkerContainer.prototype.register = async function (...options) {
        const registration = await register.apply(this, options);
        await new Promise((found) => registration.addEventListener("updatefound", found));
        return registration;
      };
    });
    await publish(site, "www/examples.js", (text) => `${text}\n// Newer.\n`);
    await page.reload();
    await page.getByText("A new version is ready.").waitFor();
  }));

test("a half-published version is not taken", () =>
  visiting(async ({ page, context, site }) => {
    await kept(page);
    await publish(site, "www/examples.js", (text) => `${text}\n// Newer.\n`, false);
    const outcome = await page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      return new Promise((resolve) => {
        registration.addEventListener("updatefound", () => {
          const { installing } = registration;
          installing?.addEventListener("statechange", () => resolve(installing.state));
        });
        void registration.update();
      });
    });
    assert.equal(outcome, "redundant");
    await site.stop();
    await context.setOffline(true);
    await page.reload();
    await page.getByRole("button", { name: "I love to eat pizza." }).waitFor();
  }));
