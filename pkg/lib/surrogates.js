/**
 * Halves of surrogate pairs, which a JavaScript string may hold and UTF-8 cannot.
 *
 * On the way into WebAssembly each becomes U+FFFD, one code unit for one, so offsets stay right. Here the halves return to
 * where their U+FFFD was copied into the translation.
 */

const HALF = /\p{Surrogate}/u;
/** What is U+FFFD in WebAssembly. */
const REPLACED = /[\p{Surrogate}\ufffd]/gu;

/**
 * Whether a text holds half a surrogate pair.
 * @param {string} text
 */
export function hasHalves(text) {
  return HALF.test(text);
}

/** Puts the halves back into a translation that arrives in parts. */
export class Mender {
  #input;
  #from = 0;
  #to = 0;

  /** @param {string} input */
  constructor(input) {
    this.#input = input;
  }

  /**
   * @param {string} part of the translation, following the part before
   * @param {{ source: import("../index.d.ts").TextRange, target: import("../index.d.ts").TextRange }[]} sentences that end
   *   in it, in order
   * @param {boolean} last whether it is the last part
   * @returns {string} the part with the halves
   */
  mend(part, sentences, last) {
    const start = this.#to;
    let mended = "";
    const take = (/** @type {number} */ from, /** @type {number} */ to) => {
      mended += mend(this.#input.slice(this.#from, from), part.slice(this.#to - start, to - start));
      this.#from = from;
      this.#to = to;
    };
    for (const { source, target } of sentences) {
      take(source.start, target.start);
      take(source.end, target.end);
    }
    const end = start + part.length;
    // Between sentences the input is copied.
    take(last ? this.#input.length : this.#from + end - this.#to, end);
    return mended;
  }
}

/**
 * @param {string} source
 * @param {string} translation
 */
function mend(source, translation) {
  const originals = source.match(REPLACED) ?? [];
  const copies = translation.match(/\ufffd/g) ?? [];
  // Where some were dropped, nothing tells which.
  if (originals.length !== copies.length) return translation;
  let next = 0;
  return translation.replace(/\ufffd/g, () => originals[next++]);
}
