/**
 * The rest of a translation that one worker began and another has to finish.
 *
 * The other one translates everything again. What has been handed out stays: so many sentences are skipped, and what comes after
 * them is moved to where the text handed out ends, for one engine may have translated a sentence differently.
 */

/** @typedef {import("../worker.js").Part} Part */
/** @typedef {import("../index.d.ts").TextRange} TextRange */

/**
 * What has been handed out of a text.
 * @typedef {object} Given
 * @property {number} sentences
 * @property {number} units of text
 * @property {number} end of the last sentence, in units of text
 */

/**
 * What has been translated again of a text.
 * @typedef {object} Again
 * @property {string} text
 * @property {number} sentences
 * @property {number | null} place in `text` where the rest begins, once that is known
 * @property {number} shift from there to where the text handed out ended
 */

export class Delivery {
  /** By index of the text. @type {Map<number, Given>} */
  #given = new Map();
  /** @type {Map<number, Again>} */
  #again = new Map();
  resumed = false;

  /** From now on the parts are those of another worker, which has begun anew. */
  resume() {
    this.resumed = true;
    this.#again.clear();
  }

  /**
   * What of a part is new.
   * @param {Part} part with all its sentences
   * @returns {Part}
   */
  next(part) {
    const given = this.#given.get(part.index) ?? { sentences: 0, units: 0, end: 0 };
    this.#given.set(part.index, given);
    const fresh = this.resumed ? this.#rest(part, given) : part;
    given.sentences += fresh.sentences.length;
    given.units += fresh.text.length;
    given.end = fresh.sentences.at(-1)?.target.end ?? given.end;
    return fresh;
  }

  /**
   * @param {Part} part
   * @param {Given} given
   * @returns {Part}
   */
  #rest(part, given) {
    const again = this.#again.get(part.index) ?? { text: "", sentences: 0, place: null, shift: 0 };
    this.#again.set(part.index, again);
    const from = again.text.length;
    again.text += part.text;
    const reached = (/** @type {number} */ place) => {
      again.place = place;
      again.shift = given.units - place;
    };
    if (given.sentences === 0 && again.place === null) reached(given.units);
    const fresh = part.sentences.filter(({ target }) => {
      again.sentences += 1;
      if (again.place !== null) return true;
      // White space may have been handed out after the sentence.
      if (again.sentences === given.sentences) reached(target.end + given.units - given.end);
      return false;
    });
    if (again.place === null) return { ...part, text: "", sentences: [] };
    const { place, shift } = again;
    const moved = (/** @type {TextRange} */ { start, end }) => ({ start: start + shift, end: end + shift });
    const sentences = fresh.map((sentence) => ({
      ...sentence,
      target: moved(sentence.target),
      alignment: sentence.alignment && { ...sentence.alignment, target: sentence.alignment.target.map(moved) },
    }));
    return { ...part, text: again.text.slice(Math.max(place, from)), sentences };
  }
}
