/** Dragoman: translation inside the browser tab, or Node 20+. `index.d.ts` says what there is; `lib/` holds the parts. */

export { Translator } from "./lib/translator.js";
