/**
 * Attention between whole words.
 *
 * The model attends between subword tokens. For display, tokens are gathered into words: with overlaps counted in UTF-16
 * units, the weight from target word w to source word v is
 *
 *     W[w][v] = sum_t |t ∩ w| / |w| · sum_s A[t][s] · |s ∩ v| / |s|
 *
 * where t and s run over tokens, |s| counts only what lies in words, and |w| what is covered by tokens. Rows therefore sum to
 * at most 1, as the rows of A do.
 */

/** @typedef {import("../pkg/index.js").TextRange} TextRange */
/** @typedef {import("../pkg/index.js").TranslatedSentence} TranslatedSentence */
/** @typedef {{ source: TextRange[], target: TextRange[], weights: Float32Array }} WordLinks `weights` is `[target][source]` */

/** @type {Map<string, Intl.Segmenter>} */
const segmenters = new Map();

/**
 * The words and punctuation marks in part of a text; white space is left out.
 * @param {string} text
 * @param {TextRange} range
 * @param {string} language
 * @returns {TextRange[]}
 */
export function words(text, { start, end }, language) {
  const part = text.slice(start, end);
  const found = [];
  if (typeof Intl.Segmenter === "function") {
    let segmenter = segmenters.get(language);
    if (!segmenter) segmenters.set(language, (segmenter = new Intl.Segmenter(language, { granularity: "word" })));
    for (const { segment, index } of segmenter.segment(part)) {
      if (segment.trim()) found.push({ start: start + index, end: start + index + segment.length });
    }
  } else {
    const pattern = /\p{Script=Han}|[\p{L}\p{M}\p{N}'’_-]+|\S/gu;
    for (const match of part.matchAll(pattern)) {
      found.push({ start: start + match.index, end: start + match.index + match[0].length });
    }
  }
  return found;
}

/**
 * For every token the words it touches, as `[word, share]`; shares sum to 1, or there are none.
 * @param {TextRange[]} tokens
 * @param {TextRange[]} ranges in order, without overlaps
 */
function shares(tokens, ranges) {
  return tokens.map((token) => {
    /** @type {[number, number][]} */
    const touched = [];
    let total = 0;
    for (let word = firstEndingAfter(ranges, token.start); word < ranges.length; word++) {
      const range = ranges[word];
      if (range.start >= token.end) break;
      const overlap = Math.min(range.end, token.end) - Math.max(range.start, token.start);
      touched.push([word, overlap]);
      total += overlap;
    }
    for (const entry of touched) entry[1] /= total;
    return { touched, total };
  });
}

/**
 * Joins neighbouring words that lie in one token: the dictionary behind the segmentation knows fewer words than the model.
 * @param {TextRange[]} ranges in order, without overlaps
 * @param {TextRange[]} tokens
 */
function joined(ranges, tokens) {
  const joins = new Set();
  for (const token of tokens) {
    for (let word = firstEndingAfter(ranges, token.start); word + 1 < ranges.length; word++) {
      if (ranges[word + 1].start >= token.end) break;
      if (ranges[word].end === ranges[word + 1].start) joins.add(word + 1);
    }
  }
  /** @type {TextRange[]} */
  const whole = [];
  ranges.forEach(({ start, end }, word) => {
    if (joins.has(word)) whole[whole.length - 1].end = end;
    else whole.push({ start, end });
  });
  return whole;
}

/**
 * @param {TextRange[]} ranges
 * @param {number} position
 */
function firstEndingAfter(ranges, position) {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle].end > position) high = middle;
    else low = middle + 1;
  }
  return low;
}

/**
 * @param {string} source the whole input
 * @param {string} target the whole output
 * @param {TranslatedSentence} sentence
 * @param {{ source: string, target: string }} languages
 * @returns {WordLinks | null} null where there is no attention to show
 */
export function wordLinks(source, target, sentence, languages) {
  const { alignment } = sentence;
  if (!sentence.translated || !alignment) return null;
  const from = joined(words(source, sentence.source, languages.source), alignment.source);
  const to = joined(words(target, sentence.target, languages.target), alignment.target);
  if (from.length === 0 || to.length === 0) return null;

  const weights = new Float32Array(to.length * from.length);
  const covered = new Float32Array(to.length);
  const sourceShares = shares(alignment.source, from);
  const columns = alignment.source.length;
  const row = new Float32Array(from.length);
  shares(alignment.target, to).forEach(({ touched, total }, t) => {
    row.fill(0);
    sourceShares.forEach(({ touched: sources }, s) => {
      for (const [v, share] of sources) row[v] += alignment.weights[t * columns + s] * share;
    });
    for (const [w, share] of touched) {
      const overlap = share * total;
      covered[w] += overlap;
      for (let v = 0; v < from.length; v++) weights[w * from.length + v] += overlap * row[v];
    }
  });
  for (let w = 0; w < to.length; w++) {
    if (covered[w] === 0) continue;
    for (let v = 0; v < from.length; v++) weights[w * from.length + v] /= covered[w];
  }
  return { source: from, target: to, weights };
}

/**
 * The words most linked to one word, strongest first.
 * @param {WordLinks} links
 * @param {"source" | "target"} side on which side `word` is
 * @param {number} word
 * @param {number} [least] weights below it are left out
 * @returns {{ word: number, weight: number }[]}
 */
export function linked(links, side, word, least = 0.05) {
  const columns = links.source.length;
  const found = [];
  const others = side === "target" ? columns : links.target.length;
  for (let other = 0; other < others; other++) {
    const weight = links.weights[side === "target" ? word * columns + other : other * columns + word];
    if (weight >= least) found.push({ word: other, weight });
  }
  return found.sort((a, b) => b.weight - a.weight);
}
