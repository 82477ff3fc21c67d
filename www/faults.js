/** Why the GPU is not used, in the language of the page. */

import { en } from "./locales/en.js";
import { t } from "./locale.js";

/** @typedef {keyof typeof en.faults} Fault */

/** By what the package says. @type {Map<string, Fault>} */
const KNOWN = new Map(Object.entries(en.faults).map(([key, said]) => [said, /** @type {Fault} */ (key)]));

/**
 * @param {string} said by the package: what is wrong, and after a colon what exactly, in the words of the browser or the driver
 * @returns {string} a sentence without its end
 */
export function faultName(said) {
  const [, what, details] = /^(.*?)(?:: (.*))?$/s.exec(said) ?? [];
  const fault = KNOWN.get(what);
  if (!fault) return said;
  return details ? t.faultDetails(t.faults[fault], details) : t.faults[fault];
}
