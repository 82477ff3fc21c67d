/**
 * A static file server for the assembled site.
 *
 *     node tools/serve.mjs    builds what is missing and serves http://localhost:8080 (PORT changes the port, HOST the address)
 */

import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { extname, join, normalize, sep } from "node:path";

import { isMain, Missing, root } from "./setup.mjs";
import { build } from "./site.mjs";

/** @type {Record<string, string>} */
const TYPES = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json; charset=utf-8",
  // As text that a browser shows, and does not save.
  ".md": "text/plain; charset=utf-8",
  ".png": "image/png",
  ".safetensors": "application/octet-stream",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".wasm": "application/wasm",
  ".webmanifest": "application/manifest+json",
};

/**
 * @typedef {object} Answer
 * @property {number} [status]
 * @property {Record<string, string>} [headers]
 * @property {string | Uint8Array} [body] sent in place of the file's content
 * @property {boolean} [hang] never answer
 */

/**
 * @typedef {object} SiteOptions
 * @property {string} folder
 * @property {string} [base] path under which the site lies, beginning and ending with a slash
 * @property {(path: string) => Answer | undefined | Promise<Answer | undefined>} [answer] may answer for a path within the
 *   site in place of the file
 */

/**
 * @param {SiteOptions} options
 * @returns {Promise<import("node:http").Server>} not yet listening
 */
export async function site({ folder, base = "/", answer }) {
  // The page carries its policy in a meta element, which does not reach workers; as a header it does.
  const page = await readFile(join(folder, "index.html"), "utf8");
  const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1];
  if (!policy) throw new Error("index.html has no Content-Security-Policy");
  const common = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": `${policy}; frame-ancestors 'none'`,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  };

  return createServer(async (request, response) => {
    /** @param {number} status @param {string} text @param {Record<string, string>} [headers] */
    const say = (status, text, headers) =>
      response.writeHead(status, { ...common, "Content-Type": "text/plain; charset=utf-8", ...headers }).end(`${text}\n`);
    try {
      if (request.method !== "GET" && request.method !== "HEAD") return say(405, "Only GET and HEAD", { Allow: "GET, HEAD" });
      const path = sitePath(request.url ?? "/", base);
      if (path === null) return say(404, "Not found");

      const special = await answer?.(path);
      if (special?.hang) return;
      if (special?.status && special.status !== 200) return say(special.status, "Not now", special.headers);
      const type = TYPES[extname(path)] ?? "application/octet-stream";
      if (special) {
        const body = special.body ?? (await readFile(join(folder, path)));
        return response.writeHead(200, { ...common, "Content-Type": type, ...special.headers }).end(body);
      }
      const file = join(folder, path);
      const info = await stat(file).catch(() => null);
      if (!info?.isFile()) return say(404, "Not found");
      const tag = `"${info.size.toString(36)}-${Math.trunc(info.mtimeMs).toString(36)}"`;
      if (request.headers["if-none-match"] === tag) return response.writeHead(304, { ...common, ETag: tag }).end();
      response.writeHead(200, { ...common, "Content-Type": type, "Content-Length": info.size, ETag: tag });
      if (request.method === "HEAD") return response.end();
      const content = createReadStream(file);
      content.on("error", () => response.destroy());
      return content.pipe(response);
    } catch (error) {
      console.error(error);
      if (response.headersSent) return response.destroy();
      return say(500, "Something went wrong");
    }
  });
}

/**
 * A path within the site, or null for what is not in it.
 * @param {string} url
 * @param {string} base
 */
export function sitePath(url, base) {
  let path;
  try {
    path = decodeURIComponent(new URL(url, "http://site").pathname);
  } catch {
    return null;
  }
  if (!path.startsWith(base) || path.includes("\0")) return null;
  path = path.slice(base.length);
  if (path === "" || path.endsWith("/")) path += "index.html";
  const inside = normalize(path);
  if (inside.startsWith("..") || inside.startsWith(sep) || inside.includes(":")) return null;
  return inside.split(sep).join("/");
}

/**
 * @param {import("node:http").Server} server
 * @param {number} port
 * @param {string} host
 * @returns {Promise<number>} the port it listens on
 */
export function listen(server, port, host) {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(typeof address === "object" && address ? address.port : port);
    });
  });
}

async function main() {
  const port = Number(process.env.PORT ?? 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new Missing(`PORT is ${process.env.PORT}, which is not a port.`);
  await build();
  const options = { folder: join(root, "www", "dist") };
  const host = process.env.HOST;
  let used;
  try {
    used = await listen(await site(options), port, host ?? "127.0.0.1");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : "";
    if (code === "EADDRINUSE") throw new Missing(`Port ${port} is in use. Stop what uses it, or choose another: PORT=8081 npm start`);
    if (code === "EACCES") throw new Missing(`Port ${port} needs more rights. Choose another: PORT=8081 npm start`);
    throw error;
  }
  // "localhost" may be either loopback address.
  if (!host) await listen(await site(options), used, "::1").catch(() => {});
  console.log(`\nDragoman is at http://${host ?? "localhost"}:${used}/  (Ctrl+C stops it)`);
}

if (isMain(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    console.error(error instanceof Missing ? error.message : error);
    process.exit(1);
  }
}
