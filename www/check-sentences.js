/** Sentences on which processor and GPU are compared: short and long, with numbers, names and rare words. */

/** @type {Record<string, string[]>} */
const SENTENCES = {
  en: [
    "Good morning.",
    "Where is the station?",
    "I love to eat pizza.",
    "The train leaves at ten, and we should hurry.",
    "She opened the window and listened to the rain.",
    "Could you send me the report by Friday?",
    "In 1969 two people walked on the Moon for the first time.",
    "The price has risen by 12.5 per cent since last year.",
    "My grandmother kept bees, and gave everybody in the village a jar of honey.",
    "If it had not been for the snow, they would have reached the hut before dark.",
    "The committee will publish its recommendations once all members have had time to read them.",
    "Glaciers are retreating faster than they did a century ago.",
    "He asked whether anyone had seen his keys, which were in his hand.",
    "Water boils at a lower temperature in the mountains, so that potatoes take longer to cook there.",
    "Nobody knows who wrote this song.",
    "The museum, which opened its doors again in spring after three years of repairs, shows paintings that had never left the attic of the old town hall before.",
  ],
  zh: [
    "早上好。",
    "车站在哪里？",
    "我喜欢吃披萨。",
    "火车十点开，我们得快点。",
    "她打开窗户，听着雨声。",
    "你能在星期五之前把报告发给我吗？",
    "1969年，人类第一次登上月球。",
    "价格比去年上涨了百分之十二点五。",
    "我奶奶养蜜蜂，送给村里每个人一罐蜂蜜。",
    "要不是下雪，他们天黑前就能到达小屋。",
    "冰川消退的速度比一个世纪以前快。",
    "没有人知道这首歌是谁写的。",
  ],
};

/**
 * Some for a language. Where there are none the English ones serve: what is compared is not how good the translations are.
 * @param {string} language a BCP 47 tag
 */
export function checkSentences(language) {
  return SENTENCES[new Intl.Locale(language).language] ?? SENTENCES.en;
}
