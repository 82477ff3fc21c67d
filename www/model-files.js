/** What a file of a translation model is, by its name. */

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

/** Which role is what, for people. @type {Record<Role, string>} */
export const ROLE_NAMES = {
  model: "the network",
  sourceVocabulary: "the vocabulary",
  targetVocabulary: "the vocabulary of the target",
  shortlist: "the list of likely words",
};

/**
 * The direction that names such as `model.deen.intgemm.alphas.bin` and `en-zh.safetensors` tell.
 * @param {string[]} names
 * @returns {{ from: string, into: string } | null}
 */
export function directionOf(names) {
  for (const name of names) {
    const found = /\.([a-z]{2})([a-z]{2})\./.exec(name) ?? /^([a-z]{2,3})-([a-z]{2,3})\./.exec(name);
    if (found) return { from: found[1], into: found[2] };
  }
  return null;
}

/**
 * What is missing before files make a model, in words.
 * @param {Partial<Record<Role, { name: string }>>} files
 * @returns {string | null} null if they do
 */
export function missing(files) {
  if (!files.model) return "The network is missing: a file such as model.deen.intgemm.alphas.bin.";
  // A weights file of this project brings its vocabularies.
  if (/\.safetensors$/i.test(files.model.name) || files.sourceVocabulary) return null;
  return "The vocabulary is missing: a file such as vocab.deen.spm.";
}
