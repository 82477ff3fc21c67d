/** The package on another host than the page: a CDN. */

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { listen } from "../../tools/serve.mjs";
import { HAN, launch, Site, visitor } from "./harness.mjs";

/** @type {Site} */
let cdn;
/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  [browser, cdn] = await Promise.all([launch(), Site.open()]);
  cdn.answer = () => ({ headers: { "Access-Control-Allow-Origin": "*" } });
});
after(async () => {
  await browser.close();
  await cdn.close();
});

/**
 * What a page becomes that translates with the package of the other host.
 * @param {import("node:test").TestContext} t
 * @param {(host: string) => string} policy
 */
async function translation(t, policy) {
  const { origin } = new URL(cdn.url);
  const script = `import { Translator } from "${cdn.url}pkg/index.js";
    const options = { sourceLanguage: "en", targetLanguage: "zh", models: "${cdn.url}www/models/manifest.json" };
    const text = Translator.create(options).then((translator) => translator.translate("I love to eat pizza."));
    document.querySelector("p").textContent = await text.catch(String);`;
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
    <meta http-equiv="Content-Security-Policy" content="${policy(origin)}"></head>
    <body><p></p><script type="module" src="/main.js"></script></body></html>`;
  const server = createServer(({ url }, response) => {
    const [type, body] = url === "/main.js" ? ["text/javascript", script] : ["text/html", page];
    response.writeHead(200, { "Content-Type": type }).end(body);
  });
  const port = await listen(server, 0, "127.0.0.1");
  const kit = await visitor(browser);
  t.after(async () => {
    await kit.context.close();
    server.close();
    server.closeAllConnections();
  });
  await kit.page.goto(`http://127.0.0.1:${port}/`);
  await kit.page.locator("p:not(:empty)").waitFor();
  return kit.page.locator("p").innerText();
}

test("the policy of the package's README is enough", async (t) => {
  const policy = (/** @type {string} */ host) =>
    `default-src 'none'; script-src 'self' 'wasm-unsafe-eval' ${host}; worker-src blob: ${host}; connect-src 'self' ${host}`;
  assert.match(await translation(t, policy), HAN);
});

test("a policy that forbids the worker is told as an error, not waited for", async (t) => {
  const policy = (/** @type {string} */ host) =>
    `default-src 'none'; script-src 'self' 'wasm-unsafe-eval' ${host}; worker-src 'self'; connect-src 'self' ${host}`;
  assert.match(await translation(t, policy), /^OperationError: /);
});
