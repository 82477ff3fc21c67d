/**
 * Serves the page's own files from this device. `tools/site.mjs` puts this file at the root of the site, with the version and
 * the list of files filled in.
 *
 * Every version has a cache of its own that is filled completely, each file checked against its hash, before the version may
 * serve anything: a page never mixes files of two versions. Weights are not kept here; the package stores those itself.
 */

/** @type {{ version: string, files: Record<string, string> }} path within the site, to SHA-256 in hexadecimal */
const SITE = /* site */ { version: "", files: {} } /* end */;
const PREFIX = "dragoman-page-";
const CACHE = PREFIX + SITE.version;

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const root = new URL("./", worker.location.href);

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(removeOldVersions()));
worker.addEventListener("message", (event) => {
  if (event.data === "activate") void worker.skipWaiting();
});
worker.addEventListener("fetch", (event) => {
  const path = sitePath(event.request);
  if (path !== null) event.respondWith(serve(path, event.request));
});

async function install() {
  const cache = await caches.open(CACHE);
  await Promise.all(
    Object.entries(SITE.files).map(async ([path, hash]) => {
      const url = new URL(path, root);
      const response = await fetch(url, { cache: "no-cache" });
      if (!response.ok) throw new Error(`${path}: status ${response.status}`);
      const body = await response.clone().arrayBuffer();
      const found = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
      if (Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("") !== hash) {
        throw new Error(`${path} is not of version ${SITE.version}`);
      }
      await cache.put(url, response);
    }),
  );
}

async function removeOldVersions() {
  for (const name of await caches.keys()) {
    if (name.startsWith(PREFIX) && name !== CACHE) await caches.delete(name);
  }
}

/**
 * The path of a file of this version, or null for anything else.
 * @param {Request} request
 */
function sitePath(request) {
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== root.origin || !url.pathname.startsWith(root.pathname)) return null;
  const path = decodeURIComponent(url.pathname.slice(root.pathname.length)) || "index.html";
  return Object.hasOwn(SITE.files, path) ? path : null;
}

/**
 * @param {string} path
 * @param {Request} request
 */
async function serve(path, request) {
  const cached = await caches.match(new URL(path, root).href, { cacheName: CACHE });
  return cached ?? fetch(request);
}
