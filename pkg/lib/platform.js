/**
 * What browsers and Node do differently: files and workers.
 *
 * Node's modules come from `process.getBuiltinModule`, not from `import`, so that bundlers for browsers find nothing here that
 * they would have to resolve. Each difference is tested for on its own: Deno and Bun have some of both.
 */

/** @type {typeof process.getBuiltinModule | undefined} */
const builtin = globalThis.process?.getBuiltinModule?.bind(globalThis.process);

/** Node's modules, or null in a browser. */
export const node = builtin
  ? {
      crypto: builtin("node:crypto"),
      fs: builtin("node:fs/promises"),
      os: builtin("node:os"),
      path: builtin("node:path"),
      url: builtin("node:url"),
      threads: builtin("node:worker_threads"),
    }
  : null;

/**
 * The bytes of a `file:` address, or null if files cannot be read here.
 * @param {string} address
 * @returns {Promise<Uint8Array<ArrayBuffer>> | null}
 */
export function readFile(address) {
  return node && address.startsWith("file:") ? node.fs.readFile(new URL(address)).then((bytes) => new Uint8Array(bytes)) : null;
}

/**
 * Makes an address absolute: in Node, what is no address is a path.
 * @param {string | URL} address
 * @returns {string}
 */
export function absolute(address) {
  const text = String(address);
  // One letter before a colon is a drive.
  const isPath = globalThis.location === undefined && !/^[a-z][a-z0-9+.-]+:/i.test(text);
  const url = node && isPath ? node.url.pathToFileURL(text) : new URL(text, globalThis.document?.baseURI ?? globalThis.location?.href);
  url.hash = "";
  return url.href;
}

/**
 * Address of `worker.js` where the package lies as it is, in Node or on a CDN. No `new URL(...)`: bundlers would take that for one
 * more file to copy.
 */
const unbundled = import.meta.url.replace(/lib\/[^/]*$/, "worker.js");

/**
 * @typedef {object} WorkerHandle
 * @property {(message: object, transfer?: Transferable[]) => void} post
 * @property {() => void} terminate
 * @property {(needed: boolean) => void} keepAlive whether the process must go on for its sake (Node)
 */

/**
 * Starts `worker.js`.
 * @param {(message: any) => void} onmessage
 * @param {(error: unknown) => void} onfailure called when the worker cannot start or has died
 * @returns {WorkerHandle}
 */
export function startWorker(onmessage, onfailure) {
  if (typeof Worker === "function") {
    const worker = browserWorker();
    worker.onmessage = (event) => onmessage(event.data);
    worker.onmessageerror = () => onfailure(new Error("a message was lost"));
    worker.onerror = (event) => {
      event.preventDefault();
      onfailure(new Error(event.message || "its script could not be loaded"));
    };
    return {
      post: (message, transfer = []) => worker.postMessage(message, transfer),
      terminate: () => worker.terminate(),
      keepAlive: () => {},
    };
  }
  if (!node) throw new Error("there are no workers here");
  // Without the options of the process, such as --input-type, which do not suit a worker.
  const worker = new node.threads.Worker(new URL(unbundled), { execArgv: [] });
  let ended = false;
  worker.on("message", onmessage);
  worker.on("messageerror", onfailure);
  worker.on("error", onfailure);
  worker.on("exit", (code) => ended || onfailure(new Error(`it ended with code ${code}`)));
  return {
    post: (message, transfer = []) => worker.postMessage(message, /** @type {any} */ (transfer)),
    terminate: () => {
      ended = true;
      void worker.terminate();
    },
    keepAlive: (needed) => (needed ? worker.ref() : worker.unref()),
  };
}

function browserWorker() {
  try {
    // Bundlers recognise exactly this form.
    return new Worker(new URL("../worker.js", import.meta.url), { type: "module" });
  } catch (error) {
    // A worker must come from the page's own origin, but may import modules from another: the package may lie on a CDN.
    if (unbundled === import.meta.url || new URL(unbundled).origin === globalThis.location?.origin) throw error;
    const script = URL.createObjectURL(new Blob([`import ${JSON.stringify(unbundled)};`], { type: "text/javascript" }));
    try {
      return new Worker(script, { type: "module" });
    } finally {
      // The worker has its own reference once it has started to load.
      setTimeout(() => URL.revokeObjectURL(script), 60_000);
    }
  }
}

/** @type {MessageChannel | undefined} */
let channel;

/** Lets the event loop turn once, so that messages are seen: timers would wait for milliseconds. */
export function turn() {
  return new Promise((/** @type {(value?: unknown) => void} */ resolve) => {
    // Browsers have none; Node hands out up to a thousand messages of one channel before it looks at another.
    if (typeof setImmediate === "function") return void setImmediate(resolve);
    channel ??= new MessageChannel();
    channel.port1.onmessage = resolve;
    channel.port2.postMessage(null);
  });
}

/**
 * The other end of {@link startWorker}, for use in the worker.
 * @param {(message: any) => void} onmessage
 * @returns {(message: object, transfer?: Transferable[]) => void} posts a message
 */
export function connect(onmessage) {
  const port = node?.threads.parentPort;
  if (port) {
    port.on("message", onmessage);
    return (message, transfer = []) => port.postMessage(message, /** @type {any} */ (transfer));
  }
  globalThis.onmessage = (event) => onmessage(event.data);
  return (message, transfer = []) => globalThis.postMessage(message, { transfer });
}
