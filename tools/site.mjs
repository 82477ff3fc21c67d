/**
 * Assembles the site in www/dist: what a static host publishes.
 *
 *     node tools/site.mjs     builds the WebAssembly if need be and assembles
 *
 * It has the shape of the repository (index.html, www/, pkg/), so that every relative address is the same in both, plus sw.js
 * at its root: a service worker governs only what lies beside or below it. The list of files with their hashes is written into
 * sw.js, and the hash of that list is the version.
 *
 * REGISTRY=mozilla, or the address of another `models.json`, lets the page offer the models of a registry. Its host is then added to
 * what the page's policy allows it to connect to; without it the page connects to its own site alone.
 */

import { createHash } from "node:crypto";
import { cp, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";

import { MOZILLA } from "../pkg/lib/registry.js";
import { isMain, Missing, modules, root, wasm } from "./setup.mjs";

/** Published files; the rest of www/ and pkg/ is for development. */
const PUBLISHED = [
  /^index\.html$/,
  /^www\/(locales\/)?[^/]+\.(js|css|png|webmanifest)$/,
  /^www\/icons\/[^/]+\.(svg|png)$/,
  /^www\/models\/.+/,
  /^pkg\/[^/]+\.js$/,
  /^pkg\/(wasm|lib)\/.+\.(js|wasm)$/,
];

/** Kept by the service worker once somebody has used them: not everybody has a GPU. */
const KEPT_LATER = /^pkg\/wasm\/dragoman_gpu/;

/**
 * Published, but not kept by the service worker: weights are kept by the package, and nobody needs the picture offline. Model cards are
 * kept with the manifest that names them: they are short, and of the same version.
 */
const NOT_KEPT = [/^www\/models\/(?!manifest\.json$|.+\.md$)/, /^www\/screenshot\.png$/, /^www\/sw\.js$/];

/**
 * @param {string} folder
 * @returns {Promise<string[]>} paths of the files in it, relative to the repository, with slashes
 */
async function filesIn(folder) {
  const entries = await readdir(folder, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath ?? entry.path, entry.name)).split(sep).join("/"));
}

/**
 * The page with a registry's address in it.
 * @param {string} page
 * @param {string} registry
 */
function withRegistry(page, registry) {
  const address = registry === "mozilla" ? MOZILLA : registry;
  if (!URL.canParse(address) || /["<>;,\s']/.test(address)) throw new Missing(`REGISTRY is ${registry}, which is neither "mozilla" nor an address.`);
  const named = page.replace('name="dragoman-registry" content=""', `name="dragoman-registry" content="${address}"`);
  const allowed = named.replace("connect-src 'self'", `connect-src 'self' ${new URL(address).origin}`);
  if (named === page || allowed === named) throw new Error("index.html has lost the place for the registry");
  return allowed;
}

/**
 * The model cards that the manifest names are there.
 * @param {string[]} published
 */
async function checkCards(published) {
  if (!published.includes("www/models/manifest.json")) return;
  const { models } = JSON.parse(await readFile(join(root, "www", "models", "manifest.json"), "utf8"));
  for (const { id, card } of models) {
    if (card !== undefined && !published.includes(`www/models/${card}`)) {
      throw new Missing(`The manifest names ${card} as the model card of ${id}, but www/models has no such file.`);
    }
  }
}

/**
 * @param {string} [out]
 * @param {string} [registry] "mozilla", or the address of a registry of models; none by default
 * @returns {Promise<{ version: string, files: Record<string, string>, later: Record<string, string> }>} what the service worker keeps,
 *   at once and once it was used
 */
export async function assemble(out = join(root, "www", "dist"), registry = process.env.REGISTRY) {
  const published = ["index.html", ...(await filesIn(join(root, "www"))), ...(await filesIn(join(root, "pkg")))]
    .filter((path) => PUBLISHED.some((pattern) => pattern.test(path)))
    .sort();
  await checkCards(published);
  await rm(out, { recursive: true, force: true });
  /** @type {Record<string, string>} */
  const files = {};
  /** @type {Record<string, string>} */
  const later = {};
  for (const path of published) {
    const copy = join(out, path);
    await mkdir(dirname(copy), { recursive: true });
    await cp(join(root, path), copy, { dereference: true });
    if (path === "index.html" && registry) await writeFile(copy, withRegistry(await readFile(copy, "utf8"), registry));
    if (NOT_KEPT.some((pattern) => pattern.test(path))) continue;
    const kept = KEPT_LATER.test(path) ? later : files;
    kept[path] = createHash("sha256").update(await readFile(copy)).digest("hex");
  }
  const template = await readFile(join(root, "www", "sw.js"), "utf8");
  const version = createHash("sha256").update(template).update(JSON.stringify([files, later])).digest("hex").slice(0, 16);
  const site = { version, files, later };
  const filled = template.replace(/\/\* site \*\/.*\/\* end \*\//, () => JSON.stringify(site));
  if (filled === template) throw new Error("www/sw.js has lost the place for its list of files");
  await writeFile(join(out, "sw.js"), filled);
  await rm(join(out, "www", "sw.js"));
  return site;
}

/** Builds what is missing and assembles. */
export async function build() {
  modules();
  wasm();
  const { version, files } = await assemble();
  const weights = await stat(join(root, "www", "models", "manifest.json")).then(() => true, () => false);
  if (!weights) console.log("There are no weights in www/models: the page will open, but not translate.");
  console.log(`Assembled www/dist, version ${version}, ${Object.keys(files).length} files kept for offline use.`);
}

if (isMain(import.meta.url)) await build();
