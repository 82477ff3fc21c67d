/** Language tags: BCP 47. */

/**
 * The canonical form of a tag.
 * @param {unknown} tag
 * @param {string} option its name, for the message
 * @returns {string}
 * @throws {RangeError} if it is malformed
 * @throws {TypeError} if it is missing
 */
export function canonical(tag, option) {
  if (tag === undefined) throw new TypeError(`The option ${option} is missing.`);
  const text = `${tag}`;
  try {
    const [found] = Intl.getCanonicalLocales(text);
    if (found) return found;
  } catch {
    // Its message does not name the option.
  }
  throw new RangeError(`${option}: ${JSON.stringify(text)} is not a language tag such as "en" or "zh-Hans".`);
}

/**
 * Whether a request for the language `wanted` is served by a model for `offered`: when language and script agree, where the
 * script may follow from the region. `en-GB` is served by `en`, `zh-CN` by `zh`, but `zh-TW` is not.
 *
 * The same rule as `format::manifest::same_language` in Rust.
 * @param {string} wanted
 * @param {string} offered
 */
export function sameLanguage(wanted, offered) {
  const [a, b] = [new Intl.Locale(wanted).maximize(), new Intl.Locale(offered).maximize()];
  return a.language === b.language && a.script === b.script;
}
