/** Which language a text is in, as far as its script tells: Chinese, or a language in Latin letters. */

/** Only the beginning of a text is looked at. */
const SAMPLE = 2_000;

const HAN = /\p{Script=Han}/gu;
/** Words of two letters at least: a single one may be a name or a formula. */
const LATIN = /\p{Script=Latin}{2,}/gu;
/** Scripts that are written beside Chinese characters in other languages, and those that are neither Chinese nor Latin. */
const OTHER = /[^\p{Script=Han}\p{Script=Latin}\P{L}]/gu;

/**
 * @param {string} text
 * @returns {"zh" | "latin" | null} null where there is too little, or too much of both
 */
export function script(text) {
  const sample = text.slice(0, SAMPLE);
  const [han, latin, other] = [HAN, LATIN, OTHER].map((pattern) => sample.match(pattern)?.length ?? 0);
  if (other > 0 && 4 * other >= han + latin) return null;
  // A Chinese word has one to two characters. Chinese text names much in Latin letters, and seldom the other way round.
  const first = /\p{L}/u.exec(sample)?.[0] ?? "";
  if (han > latin || (2 * han >= latin && first.match(HAN))) return "zh";
  const words = sample.match(LATIN) ?? [];
  return 2 * han <= latin && (latin > 1 || words.some((word) => word.length > 3)) ? "latin" : null;
}

/**
 * Whether a text seems to be in another language.
 * @param {string} text
 * @param {string} source
 */
export function seemsOther(text, source) {
  const found = script(text);
  return found !== null && found !== scriptOf(source);
}

/**
 * Another language than the one that is translated from, if the text seems to be in it.
 * @param {string} text
 * @param {string} source the language that is translated from
 * @param {string[]} sources languages that can be translated from
 * @returns {string | null}
 */
export function otherLanguage(text, source, sources) {
  if (!seemsOther(text, source)) return null;
  const found = script(text);
  const candidates = [...new Set(sources)].filter((tag) => scriptOf(tag) === found);
  // Languages in Latin letters are told apart by nothing here.
  return candidates.length === 1 ? candidates[0] : null;
}

/** @param {string} tag @returns {"zh" | "latin" | null} */
function scriptOf(tag) {
  const { language, script: letters } = new Intl.Locale(tag).maximize();
  if (language === "zh") return "zh";
  return letters === "Latn" ? "latin" : null;
}
