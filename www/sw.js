/**
 * Serves the page's own files from this device. `tools/site.mjs` puts this file at the root of the site, with the version and
 * the list of files filled in.
 *
 * Every version has a cache of its own that is filled completely, each file checked against its hash, before the version may
 * serve anything: a page never mixes files of two versions. Files that not every device needs (`later`) are kept once a page has used
 * them, and from then on with every version. Weights are not kept here; the package stores those itself.
 */

/** @type {{ version: string, files: Record<string, string>, later: Record<string, string> }} path within the site, to SHA-256 in hexadecimal */
const SITE = /* site */ { version: "", files: {}, later: {} } /* end */;

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));
const root = new URL("./", worker.location.href);
// Several sites of one host share their storage. No path has a space in it, so none of these names begins like another site's.
const PREFIX = `dragoman-page-${root.pathname} `;
const CACHE = PREFIX + SITE.version;

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(removeOldVersions()));
worker.addEventListener("message", (event) => {
  if (event.data === "activate") void worker.skipWaiting();
  // What a page used before it was under this worker's control.
  if (Array.isArray(event.data?.keep)) event.waitUntil(Promise.all(event.data.keep.map(keepLater)));
});
worker.addEventListener("fetch", (event) => {
  const path = sitePath(event.request);
  if (path === null) return;
  event.respondWith(Object.hasOwn(SITE.files, path) ? serve(path, event.request) : serveLater(path));
});

async function install() {
  const cache = await caches.open(CACHE);
  const used = await Promise.all(Object.keys(SITE.later).map(async (path) => ((await caches.match(new URL(path, root).href)) ? [path] : [])));
  const paths = [...Object.keys(SITE.files), ...used.flat()];
  await Promise.all(paths.map(async (path) => cache.put(new URL(path, root), await fetched(path))));
}

/**
 * A file of this version.
 * @param {string} path
 * @returns {Promise<Response>}
 */
async function fetched(path) {
  const response = await fetch(new URL(path, root), { cache: "no-cache" });
  if (!response.ok) throw new Error(`${path}: status ${response.status}`);
  const body = await response.clone().arrayBuffer();
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  if (Array.from(found, (byte) => byte.toString(16).padStart(2, "0")).join("") !== (SITE.files[path] ?? SITE.later[path])) {
    throw new Error(`${path} is not of version ${SITE.version}`);
  }
  // Hosts that send index.html to the folder make it a response that browsers refuse for opening a page.
  return response.redirected ? new Response(body, { headers: response.headers }) : response;
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
  const encoded = url.pathname.slice(root.pathname.length);
  /** @type {string} */
  let path;
  try {
    path = decodeURIComponent(encoded) || "index.html";
  } catch {
    // Malformed, and so no file of this site.
    return null;
  }
  return Object.hasOwn(SITE.files, path) || Object.hasOwn(SITE.later, path) ? path : null;
}

/**
 * @param {string} path
 * @param {Request} request
 */
async function serve(path, request) {
  const cached = await caches.match(new URL(path, root).href, { cacheName: CACHE });
  return cached ?? fetch(request);
}

/**
 * A file that is kept from now on; an error where it cannot be had in this version.
 * @param {string} path
 */
async function serveLater(path) {
  return (await keepLater(path).catch(() => undefined)) ?? Response.error();
}

/**
 * @param {string} path
 * @returns {Promise<Response | undefined>}
 */
async function keepLater(path) {
  if (!Object.hasOwn(SITE.later, path)) return undefined;
  const url = new URL(path, root);
  const cached = await caches.match(url.href, { cacheName: CACHE });
  if (cached) return cached;
  const response = await fetched(path);
  // Where there is no space it is fetched again next time.
  await (await caches.open(CACHE)).put(url, response.clone()).catch(() => {});
  return response;
}
