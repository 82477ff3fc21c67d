/** Pages of others, built for production with the bundlers' own defaults and opened under a strict policy. */

import assert from "node:assert/strict";
import { cp, readdir } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { createServer, build as vite } from "vite";
import webpack from "webpack";

import { listen, site } from "../../tools/serve.mjs";
import { HAN, launch, visitor, WEBGPU } from "../browser/harness.mjs";
import { Project } from "./project.mjs";

const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src data:";

/** @param {string} script */
const html = (script) => `<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <meta http-equiv="Content-Security-Policy" content="${POLICY}">
  <link rel="icon" href="data:,">
  <title>A page with a translator</title>
</head>
<body>
  <p id="output"></p>
  <script type="module" src="${script}"></script>
</body>
</html>
`;

const MAIN = `import { Translator } from "dragoman";

const output = document.getElementById("output");
try {
  const backend = location.hash === "#gpu" ? "gpu" : "auto";
  const translator = await Translator.create({ sourceLanguage: "en", targetLanguage: "zh", models: "/models/manifest.json", backend });
  const { text, engine } = await translator.translateDetailed("I love to eat pizza.");
  output.textContent = text;
  output.title = [engine.backend, engine.instructions, translator.gpu?.fault].join(", ");
} catch (error) {
  output.textContent = String(error);
}
`;

/** @type {Project} */
let project;
/** @type {import("playwright-core").Browser} */
let browser;
before(async () => {
  [project, browser] = await Promise.all([Project.make(), launch(WEBGPU)]);
  await project.write("index.html", html("/main.js"));
  await project.write("main.js", MAIN);
  // As the package's README says: its folder of models, put where the page's other files are.
  await cp(join(project.folder, "node_modules", "dragoman", "models"), join(project.folder, "public", "models"), { recursive: true });
});
after(async () => {
  await browser.close();
  await project.remove();
});

/** @param {string} url */
async function translates(url) {
  // On the GPU only where this machine has one, or plays one.
  for (const [hash, told] of /** @type {[string, RegExp][]} */ ([
    ["", /^cpu, relaxed-simd/],
    ["#gpu", /^gpu, relaxed-simd, $|^cpu, relaxed-simd, there is no usable graphics processor/],
  ])) {
    const { context, page, faults } = await visitor(browser);
    try {
      await page.goto(url + hash);
      await page.locator("#output:not(:empty)").waitFor();
      assert.match(await page.locator("#output").innerText(), HAN);
      assert.match((await page.locator("#output").getAttribute("title")) ?? "", told);
      assert.deepEqual(faults, []);
    } finally {
      await context.close();
    }
  }
}

/** @param {string} folder */
async function opens(folder) {
  const server = await site({ folder });
  try {
    await translates(`http://127.0.0.1:${await listen(server, 0, "127.0.0.1")}/`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  // Nothing twice: the page's script, the worker's, and each build of the engine; for the GPU, what is loaded where there is one.
  const files = await readdir(folder, { recursive: true });
  assert.equal(files.filter((path) => path.endsWith(".wasm")).length, 4, `${files}`);
  assert.equal(files.filter((path) => path.endsWith(".js")).length, 3, `${files}`);
}

test("Vite builds a page that translates", async () => {
  await vite({ root: project.folder, configFile: false, logLevel: "warn" });
  await opens(join(project.folder, "dist"));
});

test("Vite serves a page under development that translates", async () => {
  const server = await createServer({
    root: project.folder,
    configFile: false,
    logLevel: "warn",
    server: { host: "127.0.0.1", port: 0, hmr: false },
    optimizeDeps: { exclude: ["dragoman"] },
  });
  try {
    await server.listen();
    const address = server.httpServer?.address();
    assert.ok(typeof address === "object" && address);
    await translates(`http://127.0.0.1:${address.port}/`);
  } finally {
    await server.close();
  }
});

test("webpack builds a page that translates", async () => {
  const folder = join(project.folder, "packed");
  const compiler = webpack({
    mode: "production",
    context: project.folder,
    entry: "./main.js",
    output: { path: folder, filename: "main.js" },
    // WebAssembly is larger than what it advises for scripts.
    performance: { hints: false },
  });
  const stats = await new Promise((/** @type {(stats: import("webpack").Stats | undefined) => void} */ resolve, reject) =>
    compiler?.run((error, result) => compiler.close(() => (error ? reject(error) : resolve(result)))),
  );
  assert.equal(stats?.hasErrors() || stats?.hasWarnings(), false, stats?.toString({ colors: false }));
  await cp(join(project.folder, "public"), folder, { recursive: true });
  await project.write("packed/index.html", html("main.js"));
  await opens(folder);
});
