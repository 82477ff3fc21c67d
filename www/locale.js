/**
 * The language of the page itself: which catalogue of texts is in use, and what is shown from it, so that all of that can change with it.
 *
 * `www/start.js` has decided for a language before anything was drawn, and has set it on the document.
 */

import { en } from "./locales/en.js";
import { zh } from "./locales/zh.js";

/** @typedef {import("./locales/en.js").Catalogue} Catalogue */
/** Makes a text from the catalogue in use. @typedef {() => string} Telling */

/** @type {Record<"en" | "zh", Catalogue>} */
const CATALOGUES = { en, zh };
/** @typedef {keyof typeof CATALOGUES} Language */

/** @param {string | undefined} tag @returns {Language} */
const languageOf = (tag) => (tag?.startsWith("zh") ? "zh" : "en");

/** The language in use. */
export let language = languageOf(globalThis.document?.documentElement.lang);

/** The catalogue in use. To be looked into when something is shown, not before. */
export let t = CATALOGUES[language];

/** What elements show. @type {Map<Element, Telling>} */
const told = new Map();
/** @type {(() => void)[]} */
const listeners = [];

/**
 * Shows a text in an element, now and in every language that is chosen later.
 * @param {Element} element
 * @param {Telling} telling
 */
export function say(element, telling) {
  told.set(element, telling);
  const text = telling();
  // What is read out when it changes is not to be read out again.
  if (element.textContent !== text) element.textContent = text;
}

/** Shows nothing in an element. @param {Element} element */
export function hush(element) {
  told.delete(element);
  element.textContent = "";
}

/** @param {() => void} listener called after another language was chosen */
export function onLanguage(listener) {
  listeners.push(listener);
}

/** @param {string} tag */
export function setLanguage(tag) {
  language = languageOf(tag);
  t = CATALOGUES[language];
  for (const [element, telling] of told) {
    if (element.isConnected) say(element, telling);
    else told.delete(element);
  }
  for (const listener of listeners) listener();
}
