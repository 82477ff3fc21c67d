/** Sentences to begin with, by source language. */

/** @type {Record<string, string[]>} */
const EXAMPLES = {
  en: [
    "I love to eat pizza.",
    "Could you send me the report by Friday?",
    "The last train leaves at ten. We should hurry, or we will have to walk home.",
    "She opened the window and listened to the rain.",
  ],
  de: ["Ich esse gern Pizza.", "Können Sie mir den Bericht bis Freitag schicken?", "Der letzte Zug fährt um zehn. Wir sollten uns beeilen."],
  es: ["Me encanta comer pizza.", "¿Puede enviarme el informe antes del viernes?", "El último tren sale a las diez. Deberíamos darnos prisa."],
  fr: ["J'adore la pizza.", "Pourriez-vous m'envoyer le rapport d'ici vendredi ?", "Le dernier train part à dix heures. Il faut nous dépêcher."],
  zh: ["我喜欢吃披萨。", "你能在星期五之前把报告发给我吗？", "最后一班火车十点开。我们得快点。"],
};

/** @param {string} language a BCP 47 tag */
export function examples(language) {
  return EXAMPLES[new Intl.Locale(language).language] ?? [];
}
