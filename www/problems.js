/** Every failure in a sentence, with a way out. */

/** A function with `i8x16.splat`: valid only with SIMD. */
const SIMD_PROBE = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 10, 9, 1, 7, 0, 65, 0, 253, 15, 26, 11,
]);

/** @returns {boolean} */
export function hasSimd() {
  return typeof WebAssembly === "object" && WebAssembly.validate(SIMD_PROBE);
}

/** The package itself could not be loaded. */
export class LoadError extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super("the translator's program could not be loaded", { cause });
    this.name = "LoadError";
  }
}

/**
 * Whether the browser keeps no more. Newer ones have a class of its own for that.
 * @param {unknown} error
 */
export function isNoSpace(error) {
  return (error instanceof DOMException || error instanceof Error) && error.name === "QuotaExceededError";
}

/**
 * @typedef {object} Problem
 * @property {string} title what happened
 * @property {string} advice what to do
 * @property {string} action label of the button
 * @property {boolean} [reload] the button reloads the page: nothing less helps
 */

/**
 * @param {unknown} error
 * @param {{ online: boolean, simd: boolean }} [circumstances]
 * @returns {Problem}
 */
export function explain(error, { online, simd } = { online: navigator.onLine, simd: hasSimd() }) {
  const name = error instanceof Error || error instanceof DOMException ? error.name : "";
  const message = error instanceof Error || error instanceof DOMException ? error.message : String(error);
  if (!simd) {
    return {
      title: "This browser cannot run the translator.",
      advice:
        "It needs WebAssembly with SIMD: Chrome or Edge 100, Firefox 114, Safari 16.4, or newer. Update the browser and try again; your text is kept.",
      action: "Try again",
      reload: true,
    };
  }
  switch (name) {
    case "LoadError":
      return {
        title: online ? "The translator could not be loaded." : "You are offline, and the translator is not on this device yet.",
        advice: "Connect to the network and try again. Your text is kept.",
        action: "Try again",
        reload: true,
      };
    case "NetworkError":
      return online
        ? {
            title: "The model could not be downloaded.",
            advice: "The connection was lost or the site did not answer. Your text is kept; try again in a moment.",
            action: "Try again",
          }
        : {
            title: "You are offline, and the model is not on this device yet.",
            advice: "It is downloaded once; after that, translating works offline. Connect to the network and try again.",
            action: "Try again",
          };
    case "DataError":
      return {
        title: "The downloaded model is damaged, so it is not used.",
        advice: "It is not the file this site announced: it changed or was cut off on its way. Try again to download it afresh.",
        action: "Download again",
      };
    case "NotSupportedError":
      return {
        title: "There is no model for these languages.",
        advice: "Choose other languages, or reload the page to look for new ones.",
        action: "Reload",
        reload: true,
      };
    case "QuotaExceededError":
      return {
        title: "This browser has no space left for the model.",
        advice: "Free some space on this device, or leave private browsing, and try again.",
        action: "Try again",
      };
    case "OperationError":
      return {
        title: online ? "The translator could not be started." : "You are offline, and the translator is not on this device yet.",
        advice: `${online ? "Try again, or reload the page." : "Connect to the network and try again."} Your text is kept.${message ? ` (${message})` : ""}`,
        action: "Try again",
      };
    default:
      return {
        title: "The translator stopped unexpectedly.",
        advice: `Your text is kept. Trying again starts it afresh.${message ? ` (${message})` : ""}`,
        action: "Try again",
      };
  }
}
