/** The panel that says what computes here, lets the user choose, and checks that processor and GPU give the same translations. */

import { checkSentences } from "./check-sentences.js";
import { byId, make, rest, resting } from "./dom.js";
import * as draft from "./draft.js";
import { faultName } from "./faults.js";
import { duration, size } from "./format.js";
import { onLanguage, say, t } from "./locale.js";
import { messageOf } from "./problems.js";

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
  #missing;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #watch;
  /** @type {Calibration | null} */
  #shown = null;
  /** What the timings shown are written in. */
  #tag = "";

  /**
   * @param {object} parts
   * @param {() => GpuReport | null | undefined} parts.report of the translator there is; undefined where there is none
   * @param {() => void} parts.chosen the user chose
   * @param {(backend: Backend, onprogress: (loaded: number) => void) => Promise<Translator>} parts.create makes a translator of the
   *   present languages
   * @param {() => number} parts.missing bytes that have to be downloaded for it
   */
  constructor({ report, chosen, create, missing }) {
    this.#missing = missing;
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
    onLanguage(() => this.refresh());
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
    const backend = chosenBackend();
    say(this.#summary, () => describe(report, backend)[0]);
    say(this.#state, () => describe(report, backend)[1]);
    const calibration = report?.calibration ?? null;
    if (calibration === this.#shown && this.#tag === t.tag) return;
    this.#shown = calibration;
    this.#tag = t.tag;
    this.#timings.hidden = calibration === null;
    this.#timings.tBodies[0].replaceChildren(...(calibration?.timings ?? []).map(row));
  }

  async #compare() {
    if (resting(this.#check)) return;
    rest(this.#check, true);
    this.#example.replaceChildren();
    this.#note.className = "";
    const bytes = this.#missing();
    this.#bar.removeAttribute("value");
    /** @type {Translator | null} */
    let translator = null;
    try {
      const lacking = await lackingGpu();
      if (lacking !== null) return this.#conclusion(() => t.engine.gpuNotChecked(t.faults[lacking]), false);
      say(this.#note, () => (bytes > 0 ? t.engine.downloading(size(bytes)) : t.engine.preparing));
      this.#bar.hidden = false;
      translator = await this.#create("gpu", (loaded) => {
        if (bytes > 0 && loaded < 1) this.#bar.value = loaded;
        else this.#bar.removeAttribute("value");
      });
      const texts = checkSentences(translator.sourceLanguage);
      say(this.#note, () => t.engine.checking(texts.length));
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
      this.#conclusion(() => t.engine.notChecked(messageOf(error)), false);
    } finally {
      translator?.destroy();
      this.#bar.hidden = true;
      rest(this.#check, false);
    }
  }

  /**
   * @param {GpuCheck} check
   * @param {Translator} translator
   */
  #conclude({ sentences, same, example, fault }, { sourceLanguage, targetLanguage, gpu }) {
    if (fault !== undefined) return this.#conclusion(() => t.engine.gpuNotChecked(faultName(fault)), false);
    const name = gpu?.adapter?.name ?? "";
    if (same === sentences) return this.#conclusion(() => t.engine.allSame(name, sentences), true);
    if (same * 10 >= sentences * 9) {
      this.#conclusion(() => t.engine.mostSame(same, sentences), true);
    } else {
      this.#conclusion(() => t.engine.fewSame(name, same, sentences), false);
      this.#choose("cpu");
    }
    if (!example) return;
    const [source, cpu, gpuText] = example;
    for (const [term, text, lang] of /** @type {[() => string, string, string][]} */ ([
      [() => t.engine.text, source, sourceLanguage],
      [() => t.engine.processor, cpu, targetLanguage],
      [() => t.engine.graphics, gpuText, targetLanguage],
    ])) {
      const name = make("dt");
      say(name, term);
      this.#example.append(make("div", {}, name, make("dd", { lang }, text)));
    }
  }

  /**
   * @param {import("./locale.js").Telling} text
   * @param {boolean} good
   */
  #conclusion(text, good) {
    this.#note.className = good ? "verdict good" : "verdict";
    say(this.#note, text);
  }
}

/** Why there is no GPU to check, for which no model need be downloaded then. @returns {Promise<"insecure" | "noWebGpu" | "noAdapter" | null>} */
async function lackingGpu() {
  if (!isSecureContext) return "insecure";
  const { gpu } = /** @type {{ gpu?: { requestAdapter(): Promise<object | null> } }} */ (/** @type {unknown} */ (navigator));
  if (!gpu) return "noWebGpu";
  return (await gpu.requestAdapter().catch(() => null)) ? null : "noAdapter";
}

/** @param {Calibration["timings"][number]} timing */
function row({ sentences, cpu, gpu }) {
  // A tie is the processor's.
  const faster = gpu * 1.1 < cpu;
  const cell = (/** @type {number} */ time, /** @type {boolean} */ wins) =>
    make("td", wins ? { class: "wins" } : {}, duration(time), ...(wins ? [make("span", { class: "visually-hidden" }, t.engine.used)] : []));
  return make("tr", {}, make("th", { scope: "row" }, t.units.sentences(sentences)), cell(cpu, !faster), cell(gpu, faster));
}

/**
 * What computes: in a word or two, and in a sentence.
 * @param {GpuReport | null | undefined} report
 * @param {Backend} backend
 * @returns {[string, string]}
 */
export function describe(report, backend) {
  const { brief, ...texts } = t.engine;
  if (backend === "cpu") return [brief.processor, texts.cpuOnly];
  if (!report) return ["", texts.unknown];
  if (report.fault !== null) return [brief.processor, texts.faulty(faultName(report.fault))];
  const name = report.adapter?.name ?? "";
  if (report.backend === "gpu") return report.active ? [brief.gpu, texts.gpuActive(name)] : ["", texts.gpuPreparing];
  const least = report.calibration?.least;
  if (least === undefined) return [brief.processor, texts.notMeasured];
  if (least === null) return [brief.processor, texts.cpuFaster];
  if (least === 1) return [brief.gpu, texts.gpuFaster(name)];
  return [brief.both, texts.gpuFasterFrom(name, least)];
}
