/** The package, loaded when it is first needed, where the site's models are, and how their download is followed. */

import { LoadError } from "./problems.js";

export const MODELS = new URL("./models/manifest.json", import.meta.url);

/** @type {Promise<typeof import("../pkg/index.js")> | null} */
let pkg = null;

/** @throws {LoadError} and tries again the next time */
export function load() {
  pkg ??= import("../pkg/index.js").catch((error) => {
    pkg = null;
    throw new LoadError(error);
  });
  return pkg;
}

/**
 * A monitor that hears of a download.
 * @param {(loaded: number) => void} onprogress told what part is here, 0 to 1
 */
export function telling(onprogress) {
  return (/** @type {import("../pkg/index.js").CreateMonitor} */ monitor) =>
    monitor.addEventListener("downloadprogress", ({ loaded }) => onprogress(loaded));
}
