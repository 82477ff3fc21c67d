/** What the package's tests share: the weights, and a server that can be made to misbehave. */

import { createHash } from "node:crypto";
import { existsSync, rmSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

// As for the command line, the variable may name the folder or the manifest.
const named = process.env.DRAGOMAN_MODELS ?? join(root, "www", "models");
/** Path of the manifest of all models. */
export const bundled = resolve(named.endsWith(".json") ? named : join(named, "manifest.json"));
if (!existsSync(bundled)) throw new Error(`These tests need a model: there is no ${bundled}. DRAGOMAN_MODELS names another.`);

/** A model as the manifest lists it. @typedef {{ id: string, source: string, target: string, file: string, bytes: number, sha256: string, licence: string, card?: string }} Listed */
/** All models; the first one translates English to Chinese. @type {Listed[]} */
export const everyModel = JSON.parse(await readFile(bundled, "utf8")).models;
export const [entry] = everyModel;
/** A manifest with that model alone, so that tests do not depend on what else there is. */
export const manifest = { version: 1, models: [entry] };
export const weights = await readFile(join(dirname(bundled), entry.file));

const alone = await mkdtemp(join(tmpdir(), "dragoman-model-"));
process.on("exit", () => rmSync(alone, { recursive: true, force: true }));
/** Path of that manifest. */
export const manifestPath = join(alone, "manifest.json");
await writeFile(manifestPath, JSON.stringify(manifest));
await writeFile(join(alone, entry.file), weights);

/** Options of a translator with the local model. */
export const local = { sourceLanguage: "en", targetLanguage: "zh", models: manifestPath };

/** @param {string | Uint8Array} bytes */
export const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** A folder that is removed after the test. @param {import("node:test").TestContext} t */
export async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), "dragoman-package-"));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/**
 * @typedef {object} Site
 * @property {Record<string, (response: import("node:http").ServerResponse) => void>} answers by file name
 * @property {string[]} asked file names, as they were asked for
 * @property {{ sourceLanguage: string, targetLanguage: string, models: string, cacheFolder: string }} options
 * @property {() => Promise<void>} stop
 */

/**
 * A server with a manifest and weights, and options that use it with an empty store.
 * @param {import("node:test").TestContext} t
 * @param {{ manifest?: unknown, weights?: Uint8Array }} [content]
 * @returns {Promise<Site>}
 */
export async function site(t, content = {}) {
  /** @type {string[]} */
  const asked = [];
  /** @type {Site["answers"]} */
  const answers = {
    "manifest.json": (response) => response.end(JSON.stringify(content.manifest ?? manifest)),
    [entry.file]: (response) => response.end(content.weights ?? weights),
  };
  const server = createServer((request, response) => {
    const name = (request.url ?? "").replace("/models/", "");
    asked.push(name);
    const answer = answers[name];
    if (answer) answer(response);
    else response.writeHead(404).end();
  });
  const stop = () =>
    new Promise((/** @type {(value: void) => void} */ resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await new Promise((/** @type {(value: void) => void} */ resolve) => server.listen(0, "127.0.0.1", resolve));
  t.after(stop);
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const options = { ...local, models: `http://127.0.0.1:${port}/models/manifest.json`, cacheFolder: await folder(t) };
  return { answers, asked, options, stop };
}

/**
 * A manifest with one thing changed in its first model.
 * @param {Record<string, unknown>} changes
 */
export function changed(changes) {
  return { version: 1, models: [{ ...entry, ...changes }] };
}
