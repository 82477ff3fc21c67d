/** The button that copies the translation, as far as there is one. */

import { byId } from "./dom.js";
import { say, t } from "./locale.js";
import { announce } from "./messages.js";

/** How long the button says what came of it, in milliseconds. */
const TOLD = 2_000;

/**
 * @param {{ readonly text: string }} output
 * @param {HTMLElement} target where it is shown
 * @returns {HTMLButtonElement}
 */
export function copyButton(output, target) {
  const button = byId("copy", HTMLButtonElement);
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let back;
  say(button, () => t.target.copy);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(output.text);
      say(button, () => t.target.copied);
      announce(t.target.copiedSaid);
    } catch {
      // Not a secure page, or not allowed: select it, so that the browser's own copying works.
      getSelection()?.selectAllChildren(target);
      say(button, () => t.target.selected);
      announce(t.target.selectedSaid);
    }
    clearTimeout(back);
    back = setTimeout(() => say(button, () => t.target.copy), TOLD);
  });
  return button;
}
