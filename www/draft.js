/**
 * Keeps the typed text across reloads: in the tab's own storage, so that two tabs do not overwrite each other, and in the
 * site's, so that it is there when the tab was closed. Storage may be blocked or full; the text in the page is then all there is.
 */

const KEY = "dragoman.text";

/** @type {(() => Storage)[]} */
const STORES = [() => sessionStorage, () => localStorage];

/** @returns {string} */
export function load() {
  for (const store of STORES) {
    try {
      const text = store().getItem(KEY);
      if (text) return text;
    } catch {
      // Blocked.
    }
  }
  return typeof history.state?.text === "string" ? history.state.text : "";
}

/** @param {string} text */
export function save(text) {
  let saved = false;
  for (const store of STORES) {
    try {
      // First of all: where there is no room for this text, an older one must not come back in its place.
      store().removeItem(KEY);
      if (text) store().setItem(KEY, text);
      saved = true;
    } catch {
      // Blocked or full.
    }
  }
  if (saved && !history.state) return;
  try {
    // The history survives a reload even where storage is blocked.
    history.replaceState(saved ? null : { text }, "");
  } catch {
    // Too long, or too often.
  }
}

/**
 * @param {string} name
 * @returns {string | null}
 */
export function setting(name) {
  try {
    return localStorage.getItem(`dragoman.${name}`);
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {string} value
 */
export function keepSetting(name, value) {
  try {
    localStorage.setItem(`dragoman.${name}`, value);
  } catch {
    // Blocked or full.
  }
}

/**
 * The languages chosen last.
 * @returns {import("./session.js").Pair | null}
 */
export function pair() {
  const [source, target, ...more] = setting("pair")?.split(" ") ?? [];
  try {
    return more.length === 0 && Intl.getCanonicalLocales([source, target]).length > 0 ? { source, target } : null;
  } catch {
    return null;
  }
}

/** @param {import("./session.js").Pair} pair */
export function keepPair({ source, target }) {
  keepSetting("pair", `${source} ${target}`);
}
