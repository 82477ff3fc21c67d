/** Small helpers for the document. */

/**
 * The element with an id, checked for its kind.
 * @template {Element} T
 * @param {string} id
 * @param {new () => T} kind
 * @returns {T}
 */
export function byId(id, kind) {
  const element = document.getElementById(id);
  if (!(element instanceof kind)) throw new Error(`the page has no ${kind.name} #${id}`);
  return element;
}

/**
 * Makes an element. Text is always inserted as text, never as markup.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, string>} [attributes]
 * @param {...(Node | string)} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children);
  return element;
}

/**
 * Marks a button as of no use for now, or of use again. Unlike one that is disabled it keeps the focus; whoever listens to it asks
 * {@link resting}.
 * @param {HTMLButtonElement} button
 * @param {boolean} is
 */
export function rest(button, is) {
  button.setAttribute("aria-disabled", String(is));
}

/** @param {HTMLButtonElement} button */
export function resting(button) {
  return button.getAttribute("aria-disabled") === "true";
}
