/** Files that are dropped on the page. A text becomes the text to translate; left alone, the browser would open it in place of the page. */

import { t } from "./locale.js";

/** Largest text that is taken, in bytes. */
const LIMIT = 10_000_000;

/** @param {File} file */
const isText = ({ name, type }) => /^text\/(plain|markdown)$/.test(type) || /\.(txt|text|md)$/i.test(name);

/**
 * What the bytes of a text file say.
 * @param {ArrayBuffer} bytes
 * @returns {string | null} null where they are no text in an encoding that can be told for certain
 */
export function decoded(bytes) {
  const [first, second] = new Uint8Array(bytes, 0, Math.min(2, bytes.byteLength));
  const wide = first === 0xff && second === 0xfe ? "utf-16le" : first === 0xfe && second === 0xff ? "utf-16be" : null;
  try {
    return new TextDecoder(wide ?? "utf-8", { fatal: true }).decode(bytes);
  } catch {
    return null;
  }
}

/**
 * @param {object} handlers
 * @param {(text: string) => void} handlers.taken
 * @param {(why: import("./locale.js").Telling) => void} handlers.refused
 */
export function takeDrops({ taken, refused }) {
  // Text that is dragged from somewhere is the browser's own to move.
  const hasFiles = (/** @type {DragEvent} */ event) => event.dataTransfer?.types.includes("Files");
  document.addEventListener("dragover", (event) => {
    if (hasFiles(event)) event.preventDefault();
  });
  document.addEventListener("drop", (event) => {
    // Where files of models are wanted, they have been taken already.
    if (event.defaultPrevented || !hasFiles(event)) return;
    event.preventDefault();
    void read([...(event.dataTransfer?.files ?? [])]);
  });

  /** @param {File[]} files */
  async function read(files) {
    if (files.length === 0) return;
    if (!files.every(isText)) return refused(() => t.source.noTextFile);
    if (files.reduce((sum, file) => sum + file.size, 0) > LIMIT) return refused(() => t.source.tooLarge);
    const texts = await Promise.all(files.map((file) => file.arrayBuffer().then(decoded, () => null)));
    if (texts.every((text) => text !== null)) taken(texts.join("\n\n"));
    else refused(() => t.source.notDecoded);
  }
}
