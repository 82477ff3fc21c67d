/** Numbers in words: sizes, times, speeds, languages. */

const number = new Intl.NumberFormat("en");
const names = new Intl.DisplayNames("en", { type: "language" });

/** @param {number} bytes */
export function size(bytes) {
  if (bytes < 1e6) return `${number.format(Math.max(1, Math.round(bytes / 1e3)))} KB`;
  return `${number.format(Number((bytes / 1e6).toPrecision(bytes < 1e7 ? 2 : 3)))} MB`;
}

/** @param {number} milliseconds */
export function duration(milliseconds) {
  if (milliseconds < 995) return `${Math.max(1, Math.round(milliseconds))} ms`;
  return `${number.format(Number((milliseconds / 1000).toPrecision(2)))} s`;
}

/**
 * @param {number} amount
 * @param {string} unit singular
 */
export function count(amount, unit) {
  return `${number.format(amount)} ${unit}${amount === 1 ? "" : "s"}`;
}

/** @param {number} fraction */
export function percent(fraction) {
  return `${Math.round(fraction * 100)}%`;
}

const INSTRUCTIONS = new Map([
  ["relaxed-simd", "relaxed SIMD"],
  ["simd128", "SIMD"],
]);

/** @param {import("../pkg/index.js").EngineReport} report */
export function engine({ backend, instructions, milliseconds, words }) {
  const parts = [backend === "gpu" ? "GPU" : "CPU", INSTRUCTIONS.get(instructions) ?? instructions, duration(milliseconds)];
  if (words > 0 && milliseconds > 0) {
    parts.push(`${number.format(Math.max(1, Math.round((words * 1000) / milliseconds)))} words/s`);
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
  return names.of(new Intl.Locale(tag).language) ?? tag;
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
  return names.of(scriptTag(tag)) ?? tag;
}
