/**
 * The texts that stand in index.html, in the language of the page, and the list to choose that from. A module of its own, so that the
 * page can be drawn as soon as these few files are there.
 *
 * `data-text="group.key"` names the text of an element, and `data-text-NAME` that of its attribute NAME. English stands in the document.
 */

import { byId } from "./dom.js";
import { keepSetting } from "./draft.js";
import { language, onLanguage, setLanguage, t } from "./locale.js";

const ATTRIBUTES = ["aria-label", "content", "placeholder"];

/** @param {string} key */
function lookUp(key) {
  /** @type {any} */
  let found = t;
  for (const part of key.split(".")) found = found?.[part];
  if (typeof found !== "string") throw new Error(`there is no text ${key}`);
  return found;
}

function show() {
  const { documentElement } = document;
  documentElement.lang = t.tag;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = lookUp(element.getAttribute("data-text") ?? "");
  for (const name of ATTRIBUTES) {
    for (const element of document.querySelectorAll(`[data-text-${name}]`)) {
      element.setAttribute(name, lookUp(element.getAttribute(`data-text-${name}`) ?? ""));
    }
  }
  choice.value = language;
}

const choice = byId("language", HTMLSelectElement);
choice.addEventListener("change", () => {
  keepSetting("language", choice.value);
  setLanguage(choice.value);
});
byId("language-choice", HTMLElement).hidden = false;
onLanguage(show);
if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const key of document.querySelectorAll("kbd")) if (key.textContent === "Ctrl") key.textContent = "⌘";
}
if (language === "en") choice.value = language;
else show();
document.documentElement.classList.remove("untranslated");
