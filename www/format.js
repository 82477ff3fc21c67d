/** Numbers in words: sizes, times, speeds, languages. */

import { t } from "./locale.js";

/** What writes numbers and names in a language, by its tag. @type {Map<string, { number: Intl.NumberFormat, percent: Intl.NumberFormat, names: Intl.DisplayNames }>} */
const writers = new Map();

/** Those of the language of the page. */
function writer() {
  let found = writers.get(t.tag);
  if (!found) {
    found = {
      number: new Intl.NumberFormat(t.tag),
      percent: new Intl.NumberFormat(t.tag, { style: "percent" }),
      names: new Intl.DisplayNames(t.tag, { type: "language" }),
    };
    writers.set(t.tag, found);
  }
  return found;
}

/** @param {number} bytes */
export function size(bytes) {
  const { number } = writer();
  if (bytes < 1e6) return `${number.format(Math.max(1, Math.round(bytes / 1e3)))} KB`;
  return `${number.format(Number((bytes / 1e6).toPrecision(bytes < 1e7 ? 2 : 3)))} MB`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  const { number } = writer();
  if (milliseconds < 995) return t.units.milliseconds(number.format(Math.max(1, Math.round(milliseconds))));
  return t.units.seconds(number.format(Number((milliseconds / 1000).toPrecision(2))));
}

/** @param {number} fraction */
export function percent(fraction) {
  return writer().percent.format(fraction);
}

const INSTRUCTIONS = new Map([
  ["relaxed-simd", "relaxed SIMD"],
  ["simd128", "SIMD"],
]);

/** @param {import("../pkg/index.js").EngineReport} report */
export function engine({ backend, instructions, milliseconds, words }) {
  const parts = [backend === "gpu" ? "GPU" : "CPU", INSTRUCTIONS.get(instructions) ?? instructions, duration(milliseconds)];
  if (words > 0 && milliseconds > 0) {
    parts.push(t.units.wordsPerSecond(writer().number.format(Math.max(1, Math.round((words * 1000) / milliseconds)))));
  }
  return parts.filter(Boolean).join(" · ");
}

/**
 * The tag for `lang` attributes: fonts and screen readers choose by script.
 * @param {string} tag
 */
export function scriptTag(tag) {
  const locale = new Intl.Locale(tag);
  if (locale.language !== "zh" || locale.script) return tag;
  return `zh-${locale.maximize().script}`;
}

/**
 * The language without its script.
 * @param {string} tag
 */
export function languageAlone(tag) {
  return writer().names.of(new Intl.Locale(tag).language) ?? tag;
}

/**
 * A language that is translated from: any Chinese is read; only which is written must be told.
 * @param {string} tag
 */
export function languageRead(tag) {
  return tag === "zh" ? languageAlone(tag) : language(tag);
}

/** @param {string} tag */
export function language(tag) {
  return writer().names.of(scriptTag(tag)) ?? tag;
}

/** Names of languages in one that knows very many; nothing for others. */
const KNOWN = new Intl.DisplayNames("en", { type: "language", fallback: "none" });

/**
 * Whether a text is the tag of a language that has a name: `english` is well formed, and none.
 * @param {string} tag
 */
export function isLanguage(tag) {
  try {
    return KNOWN.of(new Intl.Locale(tag).language) !== undefined;
  } catch {
    return false;
  }
}

/**
 * The name of a model.
 * @param {{ sourceLanguage: string, targetLanguage: string }} direction
 */
export function modelName({ sourceLanguage, targetLanguage }) {
  return t.direction(languageRead(sourceLanguage), language(targetLanguage));
}

/**
 * Orders names as the language of the page does.
 * @param {string} a
 * @param {string} b
 */
export function compare(a, b) {
  return a.localeCompare(b, t.tag);
}
