/**
 * Where downloaded weights are kept: in Cache Storage, in Node in a folder, else nowhere.
 *
 * Beside the weights of a model stands its entry of the manifest, written last: what has an entry is complete, and without a
 * network the entries are the list of models. Nothing here fails: what cannot be kept is downloaded again next time.
 */

import { parseEntry } from "./manifest.js";
import { node } from "./platform.js";

/** @typedef {import("./manifest.js").Entry} Entry */
/** @typedef {Uint8Array<ArrayBuffer>} Bytes */

/**
 * Named files, which may be missing. Any method may reject.
 * @typedef {object} Shelf
 * @property {() => Promise<string[]>} names
 * @property {(name: string) => Promise<Bytes | null>} read
 * @property {(name: string, bytes: Bytes) => Promise<void>} write
 * @property {(name: string) => Promise<void>} remove
 */

const ENTRY = ".json";

/** The stored models of one manifest. */
export class Store {
  #shelf;

  /** @param {Shelf | null} shelf */
  constructor(shelf) {
    this.#shelf = shelf;
  }

  /** Whether anything can be kept. */
  get usable() {
    return this.#shelf !== null;
  }

  /** @returns {Promise<Entry[]>} the models that are complete */
  async entries() {
    const names = await this.#names();
    const entries = await Promise.all(
      names
        .filter((name) => name.endsWith(ENTRY))
        .map(async (name) => {
          const bytes = await this.#shelf?.read(name);
          const entry = bytes ? parseEntry(JSON.parse(new TextDecoder().decode(bytes))) : "";
          return typeof entry === "object" && names.includes(nameOf(entry)) ? entry : null;
        })
        .map((entry) => entry.catch(() => null)),
    );
    return entries.filter((entry) => entry !== null);
  }

  /**
   * @param {Entry} entry
   * @returns {Promise<boolean>}
   */
  async has(entry) {
    return (await this.#names()).includes(nameOf(entry) + ENTRY);
  }

  /**
   * @param {Entry} entry
   * @returns {Promise<Bytes | null>}
   */
  async read(entry) {
    try {
      return (await this.#shelf?.read(nameOf(entry))) ?? null;
    } catch {
      return null;
    }
  }

  /**
   * Keeps the weights of a model and removes its other versions.
   * @param {Entry} entry
   * @param {Bytes} weights
   * @returns {Promise<boolean>} whether there was room
   */
  async write(entry, weights) {
    const shelf = this.#shelf;
    if (!shelf) return false;
    const name = nameOf(entry);
    const write = async () => {
      await shelf.write(name, weights);
      await shelf.write(name + ENTRY, new TextEncoder().encode(JSON.stringify(entry)));
    };
    try {
      await write();
    } catch {
      // Another version may take up the room.
      try {
        if ((await this.#removeVersions(entry, name)) === 0) throw new Error("there is no room");
        await write();
      } catch {
        await this.remove(entry);
        return false;
      }
    }
    await this.#removeVersions(entry, name).catch(() => {});
    return true;
  }

  /** @param {Entry} entry */
  async remove(entry) {
    const name = nameOf(entry);
    // The entry first: a model without weights must not look complete.
    for (const file of [name + ENTRY, name]) await this.#shelf?.remove(file).catch(() => {});
  }

  /**
   * Removes every version of a model but one.
   * @param {Entry} entry
   * @param {string} kept
   * @returns {Promise<number>} files removed
   */
  async #removeVersions(entry, kept) {
    const old = (await this.#names())
      .filter((name) => name.startsWith(prefixOf(entry)) && name !== kept && name !== kept + ENTRY)
      .sort()
      .reverse();
    for (const name of old) await this.#shelf?.remove(name);
    return old.length;
  }

  async #names() {
    try {
      return (await this.#shelf?.names()) ?? [];
    } catch {
      return [];
    }
  }
}

/** @param {Entry} entry */
function prefixOf({ id }) {
  return `${encodeURIComponent(id)}~`;
}

/** @param {Entry} entry */
function nameOf(entry) {
  return prefixOf(entry) + entry.sha256;
}

/**
 * The store for the models of a manifest.
 * @param {string} manifest its address
 * @param {string} [folder] where to keep them in Node
 * @returns {Promise<Store>}
 */
export async function storeFor(manifest, folder) {
  // Only what came over the network needs to be kept.
  return new Store(/^https?:/.test(manifest) ? await shelfFor(manifest, folder) : null);
}

/**
 * The store for the models that no manifest lists.
 * @param {string} [folder] where to keep them in Node
 * @returns {Promise<Store>}
 */
export async function addedStore(folder) {
  // A name that nobody can have; nothing is ever asked of it.
  return new Store(await shelfFor("https://added.dragoman.invalid/", folder));
}

/**
 * @param {string} name an address
 * @param {string} [folder]
 */
async function shelfFor(name, folder) {
  try {
    if (globalThis.caches !== undefined) return cacheShelf(await caches.open("dragoman"), name);
  } catch {
    // Private windows and sandboxed frames refuse, some of them already when the storage is named.
  }
  return node && globalThis.window === undefined ? folderShelf(name, folder) : null;
}

/**
 * Files in Cache Storage, under the manifest's address with a parameter.
 * @param {Cache} cache
 * @param {string} manifest
 * @returns {Shelf}
 */
function cacheShelf(cache, manifest) {
  const PARAMETER = "dragoman";
  const address = (/** @type {string | null} */ name) => {
    const url = new URL(manifest);
    if (name === null) url.searchParams.delete(PARAMETER);
    else url.searchParams.set(PARAMETER, name);
    return url;
  };
  const base = address(null).href;
  return {
    async names() {
      const urls = (await cache.keys()).map((request) => new URL(request.url));
      return urls.flatMap((url) => {
        const name = url.searchParams.get(PARAMETER);
        url.searchParams.delete(PARAMETER);
        return name !== null && url.href === base ? [name] : [];
      });
    },
    async read(name) {
      const response = await cache.match(address(name).href);
      return response ? new Uint8Array(await response.arrayBuffer()) : null;
    },
    async write(name, bytes) {
      await cache.put(address(name).href, new Response(bytes, { headers: { "content-type": "application/octet-stream" } }));
    },
    async remove(name) {
      await cache.delete(address(name).href);
    },
  };
}

/**
 * Files in a folder of the user's cache.
 * @param {string} manifest
 * @param {string} [folder]
 * @returns {Shelf | null}
 */
function folderShelf(manifest, folder) {
  if (!node) return null;
  const { crypto, fs, path } = node;
  const name = crypto.createHash("sha256").update(manifest).digest("hex").slice(0, 16);
  const own = path.join(folder ?? process.env.DRAGOMAN_CACHE ?? path.join(cacheFolder(node), "dragoman"), name);
  return {
    names: () => fs.readdir(own).catch(() => []),
    // A copy, because the weights' buffer is to be given away whole.
    read: (file) => fs.readFile(path.join(own, file)).then((bytes) => new Uint8Array(bytes)),
    async write(file, bytes) {
      await fs.mkdir(own, { recursive: true });
      // Written aside, so that the name never stands for half a file.
      const draft = path.join(own, `.${crypto.randomUUID()}`);
      try {
        await fs.writeFile(draft, bytes);
        await fs.rename(draft, path.join(own, file));
      } catch (error) {
        await fs.rm(draft, { force: true });
        throw error;
      }
    },
    remove: (file) => fs.rm(path.join(own, file), { force: true }),
  };
}

/**
 * The folder in which the system expects what can be downloaded again.
 * @param {NonNullable<typeof node>} node
 */
function cacheFolder({ os, path }) {
  if (process.platform === "win32" && process.env.LOCALAPPDATA) return process.env.LOCALAPPDATA;
  if (process.platform === "darwin") return path.join(os.homedir(), "Library", "Caches");
  return process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache");
}
