/** What a file of a translation model is, by its name. */

import { isLanguage } from "./format.js";
import { t } from "./locale.js";

/** @typedef {"model" | "sourceVocabulary" | "targetVocabulary" | "shortlist"} Role */

/** @type {[Role, RegExp][]} */
const NAMES = [
  ["model", /^model.*\.bin(\.gz)?$|\.safetensors$/i],
  ["sourceVocabulary", /^(src)?vocab.*\.spm(\.gz)?$/i],
  ["targetVocabulary", /^trgvocab.*\.spm(\.gz)?$/i],
  ["shortlist", /^lex.*\.bin(\.gz)?$/i],
];

/**
 * @param {string} name
 * @returns {Role | null} null for what no model needs
 */
export function roleOf(name) {
  return NAMES.find(([, pattern]) => pattern.test(name))?.[0] ?? null;
}

/** What stands in names of models and looks like two languages: sizes. */
const SIZES = ["base", "tiny", "best"];

/**
 * The direction that names such as `model.deen.intgemm.alphas.bin` and `en-zh.safetensors` tell.
 * @param {string[]} names
 * @returns {{ from: string, into: string } | null}
 */
export function directionOf(names) {
  for (const name of names) {
    const pairs = [.../** @type {Iterable<RegExpMatchArray>} */ (name.matchAll(/(?<=\.)([a-z]{2})([a-z]{2})(?=\.)/g))];
    const found = pairs.find(([both]) => !SIZES.includes(both)) ?? /^([a-z]{2,3})-([a-z]{2,3})\./.exec(name);
    if (found && isLanguage(found[1]) && isLanguage(found[2])) return { from: found[1], into: found[2] };
  }
  return null;
}

/**
 * What is missing before files make a model, in words.
 * @param {Partial<Record<Role, { name: string }>>} files
 * @returns {string | null} null if they do
 */
export function missing(files) {
  if (!files.model) return t.add.noNetwork;
  // A weights file of this project brings its vocabularies.
  if (/\.safetensors$/i.test(files.model.name) || files.sourceVocabulary) return null;
  return t.add.noVocabulary;
}
