/** The panel that says what computes here, lets the user choose, and checks that processor and GPU give the same translations. */

import { checkSentences } from "./check-sentences.js";
import { byId, make } from "./dom.js";
import * as draft from "./draft.js";
import { count, duration } from "./format.js";

/** @typedef {import("../pkg/index.js").Backend} Backend */
/** @typedef {import("../pkg/index.js").Calibration} Calibration */
/** @typedef {import("../pkg/index.js").GpuCheck} GpuCheck */
/** @typedef {import("../pkg/index.js").GpuReport} GpuReport */
/** @typedef {import("../pkg/index.js").Translator} Translator */

/** Sentences compared at once: between them the bar moves. */
const AT_ONCE = 4;
/** Milliseconds between looks at what is going on, while the panel is open. */
const PACE = 500;

/** What the user chose. @returns {Backend} */
export function chosenBackend() {
  const kept = draft.setting("backend");
  return kept === "gpu" || kept === "cpu" ? kept : "auto";
}

export class EnginePanel {
  #panel = byId("engine", HTMLDetailsElement);
  #summary = byId("engine-summary", HTMLElement);
  #state = byId("engine-state", HTMLElement);
  #timings = byId("engine-timings", HTMLTableElement);
  #check = byId("engine-check", HTMLButtonElement);
  #bar = byId("engine-bar", HTMLProgressElement);
  #note = byId("engine-note", HTMLElement);
  #example = byId("engine-example", HTMLElement);
  #report;
  #chosen;
  #create;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #watch;
  /** @type {Calibration | null} */
  #shown = null;

  /**
   * @param {object} parts
   * @param {() => GpuReport | null | undefined} parts.report of the translator there is; undefined where there is none
   * @param {() => void} parts.chosen the user chose
   * @param {(backend: Backend) => Promise<Translator>} parts.create makes a translator of the present languages
   */
  constructor({ report, chosen, create }) {
    this.#report = report;
    this.#chosen = chosen;
    this.#create = create;
    for (const radio of this.#radios()) {
      radio.checked = radio.value === chosenBackend();
      radio.addEventListener("change", () => this.#choose(/** @type {Backend} */ (radio.value)));
    }
    this.#panel.addEventListener("toggle", () => {
      clearInterval(this.#watch);
      if (this.#panel.open) this.#watch = setInterval(() => this.refresh(), PACE);
      this.refresh();
    });
    this.#check.addEventListener("click", () => void this.#compare());
    this.refresh();
  }

  #radios() {
    return this.#panel.querySelectorAll("input");
  }

  /** @param {Backend} backend */
  #choose(backend) {
    for (const radio of this.#radios()) radio.checked = radio.value === backend;
    draft.keepSetting("backend", backend);
    this.#chosen();
    this.refresh();
  }

  /** Shows what is so now. */
  refresh() {
    const report = this.#report();
    const [summary, state] = describe(report, chosenBackend());
    if (this.#summary.textContent !== summary) this.#summary.textContent = summary;
    if (this.#state.textContent !== state) this.#state.textContent = state;
    const calibration = report?.calibration ?? null;
    if (calibration === this.#shown) return;
    this.#shown = calibration;
    this.#timings.hidden = calibration === null;
    this.#timings.tBodies[0].replaceChildren(...(calibration?.timings ?? []).map(row));
  }

  async #compare() {
    this.#check.disabled = true;
    this.#example.replaceChildren();
    this.#note.className = "";
    this.#note.textContent = "Preparing…";
    this.#bar.removeAttribute("value");
    this.#bar.hidden = false;
    /** @type {Translator | null} */
    let translator = null;
    try {
      translator = await this.#create("gpu");
      const texts = checkSentences(translator.sourceLanguage);
      this.#note.textContent = `Translating ${count(texts.length, "sentence")} with both…`;
      /** @type {GpuCheck} */
      const all = { sentences: 0, same: 0, difference: 0, example: null };
      for (let from = 0; from < texts.length && all.fault === undefined; from += AT_ONCE) {
        this.#bar.value = from / texts.length;
        const some = await translator.checkGpu(texts.slice(from, from + AT_ONCE));
        all.sentences += some.sentences;
        all.same += some.same;
        all.difference = Math.max(all.difference, some.difference);
        all.example ??= some.example;
        if (some.fault !== undefined) all.fault = some.fault;
      }
      this.#conclude(all, translator);
    } catch (error) {
      this.#say(`The check could not be made: ${error instanceof Error ? error.message : error}`, false);
    } finally {
      translator?.destroy();
      this.#bar.hidden = true;
      this.#check.disabled = false;
    }
  }

  /**
   * @param {GpuCheck} check
   * @param {Translator} translator
   */
  #conclude({ sentences, same, example, fault }, { sourceLanguage, targetLanguage, gpu }) {
    if (fault !== undefined) return this.#say(`The GPU could not be checked: ${fault}. The processor translates everything.`, false);
    const name = gpu?.adapter ? ` (${gpu.adapter.name})` : "";
    if (same === sentences) return this.#say(`The GPU${name} gave the same translation as the processor for all ${count(sentences, "sentence")}.`, true);
    if (same * 10 >= sentences * 9) {
      this.#say(`${same} of ${count(sentences, "translation")} are the same. Where two words are all but equally likely, rounding decides.`, true);
    } else {
      this.#say(`Only ${same} of ${count(sentences, "translation")} are the same: this GPU${name} computes wrongly. The processor is used from now on.`, false);
      this.#choose("cpu");
    }
    if (!example) return;
    const [source, cpu, gpuText] = example;
    for (const [term, text, lang] of [
      ["Text", source, sourceLanguage],
      ["Processor", cpu, targetLanguage],
      ["GPU", gpuText, targetLanguage],
    ]) {
      this.#example.append(make("div", {}, make("dt", {}, term), make("dd", { lang }, text)));
    }
  }

  /**
   * @param {string} text
   * @param {boolean} good
   */
  #say(text, good) {
    this.#note.className = good ? "verdict good" : "verdict";
    this.#note.textContent = text;
  }
}

/** @param {Calibration["timings"][number]} timing */
function row({ sentences, cpu, gpu }) {
  // A tie is the processor's.
  const faster = gpu * 1.1 < cpu;
  const cell = (/** @type {number} */ time, /** @type {boolean} */ wins) =>
    make("td", wins ? { class: "wins" } : {}, duration(time), ...(wins ? [make("span", { class: "visually-hidden" }, ", used")] : []));
  return make("tr", {}, make("th", { scope: "row" }, count(sentences, "sentence")), cell(cpu, !faster), cell(gpu, faster));
}

/**
 * What computes: in a word or two, and in a sentence.
 * @param {GpuReport | null | undefined} report
 * @param {Backend} backend
 * @returns {[string, string]}
 */
export function describe(report, backend) {
  if (backend === "cpu") return ["processor", "The processor translates everything, and the GPU rests."];
  if (!report) return ["", "What can be used here is found out with the first translation."];
  if (report.fault !== null) return ["processor", `The processor translates everything: ${report.fault}.`];
  const name = report.adapter ? `The GPU (${report.adapter.name})` : "The GPU";
  if (report.backend === "gpu") return report.active ? ["GPU", `${name} translates what it can, and the processor the rest.`] : ["", "The GPU is being prepared."];
  const least = report.calibration?.least;
  if (least === undefined) return ["processor", "The processor translates. The GPU is measured once, when there is nothing else to do."];
  if (least === null) return ["processor", "The processor translates everything: it was measured to be faster here."];
  if (least === 1) return ["GPU", `${name} translates: it was measured to be faster here.`];
  return ["processor and GPU", `${name} translates where ${least} or more sentences come at once, and the processor where they are fewer: that was measured to be fastest here.`];
}
