/** Adding a language: from Mozilla's registry, if this site names one, or from files. Nothing is fetched before somebody asks. */

import { ChosenFiles } from "./chosen-files.js";
import { byId, make, rest, resting } from "./dom.js";
import { compare, isLanguage, language, modelName, size } from "./format.js";
import { hush, onLanguage, say, t } from "./locale.js";
import { missing } from "./model-files.js";
import { telling } from "./package.js";
import { isNoSpace, messageOf, nameOf, noSpace } from "./problems.js";

/** @typedef {typeof import("../pkg/index.js")} Package */
/** @typedef {import("../pkg/index.js").RegistryModel} RegistryModel */
/** @typedef {import("./session.js").Pair} Pair */

export class AddLanguage {
  #load;
  #models;
  #added;
  #registry = document.querySelector('meta[name="dragoman-registry"]')?.getAttribute("content") ?? "";
  #note = byId("add-note", HTMLElement);
  #show = byId("registry-show", HTMLButtonElement);
  #registryForm = byId("registry-form", HTMLFormElement);
  #from = byId("registry-from", HTMLSelectElement);
  #into = byId("registry-into", HTMLSelectElement);
  #bar = byId("registry-bar", HTMLProgressElement);
  #stop = byId("registry-stop", HTMLButtonElement);
  #input = byId("files", HTMLInputElement);
  #filesFrom = byId("files-from", HTMLInputElement);
  #filesInto = byId("files-into", HTMLInputElement);
  #filesAdd = byId("files-add", HTMLButtonElement);
  /** @type {RegistryModel[]} */
  #offers = [];
  #submit = byId("registry-submit", HTMLButtonElement);
  #files = new ChosenFiles();
  /** Whether the files are being added. */
  #adding = false;

  /**
   * @param {object} options
   * @param {() => Promise<Package>} options.load
   * @param {URL} options.models address of the manifest
   * @param {(pair: Pair) => Promise<void>} options.added a model is on this device now
   */
  constructor({ load, models, added }) {
    this.#load = load;
    this.#models = models;
    this.#added = added;
    if (this.#registry) {
      byId("registry", HTMLElement).hidden = false;
      const { host } = new URL(this.#registry, document.baseURI);
      say(byId("registry-host", HTMLElement), () => t.add.host(host));
    }
    this.#show.addEventListener("click", () => void this.#lookUp());
    this.#from.addEventListener("change", () => this.#showTargets());
    this.#into.addEventListener("change", () => this.#showSize());
    this.#registryForm.addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#download();
    });
    this.#input.addEventListener("change", () => {
      this.#take([...(this.#input.files ?? [])]);
      // The same file may be chosen again.
      this.#input.value = "";
    });
    byId("files-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#addFiles();
    });
    this.#listenForDrops(byId("drop", HTMLElement));
    onLanguage(() => {
      if (this.#offers.length > 0) this.#showOffers();
      this.#showFiles();
    });
    this.#showFiles();
  }

  /** @param {import("./locale.js").Telling} text */
  #say(text) {
    say(this.#note, text);
  }

  /** @param {unknown} error */
  #explain(error) {
    const [name, message] = [nameOf(error), messageOf(error)];
    if (name === "AbortError") this.#say(() => t.add.stopped);
    else if (isNoSpace(error)) this.#say(() => t.add.noSpace);
    else if (name === "NetworkError" && !navigator.onLine) this.#say(() => t.add.offline);
    else this.#say(() => t.add.failed(name, message));
  }

  /* ---- the registry ---- */

  async #lookUp() {
    if (resting(this.#show)) return;
    rest(this.#show, true);
    this.#say(() => t.add.gettingList);
    try {
      const { Translator } = await this.#load();
      this.#offers = await Translator.registry({ registry: this.#registry });
      const focused = document.activeElement === this.#show;
      this.#showOffers();
      // The form has taken the button's place.
      if (focused && this.#offers.length) this.#from.focus();
      if (this.#offers.length) hush(this.#note);
      else this.#say(() => t.add.nothingNew);
    } catch (error) {
      this.#explain(error);
    } finally {
      rest(this.#show, false);
    }
  }

  #showOffers() {
    const any = this.#offers.length > 0;
    const before = this.#from.value;
    this.#show.hidden = any;
    this.#registryForm.hidden = !any;
    fill(this.#from, this.#offers.map(({ sourceLanguage }) => sourceLanguage), before);
    this.#showTargets();
  }

  #showTargets() {
    const before = this.#into.value;
    const targets = this.#offers.filter(({ sourceLanguage }) => sourceLanguage === this.#from.value);
    fill(this.#into, targets.map(({ targetLanguage }) => targetLanguage), before);
    this.#showSize();
  }

  /** The preferred model of the direction that is chosen: it comes first. */
  #chosen() {
    return this.#offers.find(
      ({ sourceLanguage, targetLanguage }) => sourceLanguage === this.#from.value && targetLanguage === this.#into.value,
    );
  }

  #showSize() {
    const offer = this.#chosen();
    byId("registry-size", HTMLElement).textContent = offer ? size(offer.bytes) : "";
  }

  async #download() {
    const offer = this.#chosen();
    if (!offer || resting(this.#submit)) return;
    const { sourceLanguage, targetLanguage } = offer;
    const name = () => modelName(offer);
    const stop = new AbortController();
    const abort = () => stop.abort();
    this.#stop.addEventListener("click", abort);
    this.#busy(true);
    this.#say(() => t.storage.downloading(name()));
    try {
      const { Translator } = await this.#load();
      const translator = await Translator.create({
        sourceLanguage,
        targetLanguage,
        models: this.#models,
        registry: this.#registry,
        signal: stop.signal,
        monitor: telling((loaded) => (this.#bar.value = loaded)),
      });
      // As long as the translator is there, the page's own shares its engine.
      try {
        if (!(await this.#isKept(Translator, offer))) throw noSpace();
        await this.#added({ source: sourceLanguage, target: targetLanguage });
      } finally {
        translator.destroy();
      }
      this.#offers = this.#offers.filter((other) => other !== offer);
      this.#showOffers();
      this.#say(() => t.storage.isReady(name()));
    } catch (error) {
      this.#explain(error);
    } finally {
      this.#busy(false);
      this.#stop.removeEventListener("click", abort);
    }
  }

  /**
   * Whether there was room for a model: it translates all the same until its translator goes.
   * @param {Package["Translator"]} Translator
   * @param {RegistryModel} model
   */
  async #isKept(Translator, { sourceLanguage, targetLanguage }) {
    const directions = await Translator.directions({ models: this.#models });
    return directions.some(
      (known) => known.added && known.stored && known.sourceLanguage === sourceLanguage && known.targetLanguage === targetLanguage,
    );
  }

  /** @param {boolean} busy */
  #busy(busy) {
    const focused = document.activeElement;
    this.#bar.hidden = this.#stop.hidden = !busy;
    this.#bar.value = 0;
    rest(this.#submit, busy);
    this.#from.disabled = this.#into.disabled = busy;
    if (busy || (focused !== this.#stop && focused !== this.#submit)) return;
    if (!this.#registryForm.hidden) this.#submit.focus();
    else this.#show.focus();
  }

  /* ---- files ---- */

  /** @param {HTMLElement} zone */
  #listenForDrops(zone) {
    const over = (/** @type {boolean} */ is) => zone.classList.toggle("over", is);
    zone.addEventListener("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      over(true);
    });
    zone.addEventListener("dragleave", () => over(false));
    zone.addEventListener("drop", (event) => {
      over(false);
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return;
      event.preventDefault();
      this.#take(files);
    });
  }

  /** @param {File[]} files */
  #take(files) {
    if (this.#adding || files.length === 0) return;
    this.#files.add(files);
    const { direction } = this.#files;
    if (direction) [this.#filesFrom.value, this.#filesInto.value] = [direction.from, direction.into];
    this.#filesChanged();
  }

  #filesChanged() {
    this.#showFiles();
    if (this.#files.list.length === 0) return hush(this.#note);
    const { files } = this.#files;
    if (missing(files) === null) hush(this.#note);
    else this.#say(() => missing(files) ?? "");
  }

  #showFiles() {
    rest(this.#filesAdd, this.#adding || missing(this.#files.files) !== null);
    const items = this.#files.list.map(([file, role]) => {
      const remove = make("button", { type: "button", class: "quiet" }, t.add.remove, make("span", { class: "visually-hidden" }, ` ${file.name}`));
      rest(remove, this.#adding);
      remove.addEventListener("click", () => this.#leaveOut(file));
      const text = t.add.file(file.name, size(file.size), role ? t.add.roles[role] : t.add.notNeeded);
      return make("li", role ? {} : { class: "odd" }, make("span", {}, text), remove);
    });
    byId("files-list", HTMLElement).replaceChildren(...items);
  }

  /** @param {File} file */
  #leaveOut(file) {
    if (this.#adding) return;
    const at = this.#files.list.findIndex(([other]) => other === file);
    this.#files.remove(file);
    this.#filesChanged();
    const buttons = byId("files-list", HTMLElement).querySelectorAll("button");
    (buttons[Math.min(at, buttons.length - 1)] ?? this.#input).focus();
  }

  async #addFiles() {
    if (this.#adding) return;
    if (missing(this.#files.files) !== null) return this.#say(() => missing(this.#files.files) ?? "");
    const { model, ...others } = this.#files.files;
    if (!model) return;
    const [sourceLanguage, targetLanguage] = [this.#filesFrom.value.trim(), this.#filesInto.value.trim()];
    const unknown = [sourceLanguage, targetLanguage].find((tag) => !isLanguage(tag));
    if (unknown !== undefined) return this.#say(() => t.add.unknownLanguage(unknown));
    const [source, target] = Intl.getCanonicalLocales([sourceLanguage, targetLanguage]);
    if (source === target || target === undefined) return this.#say(() => t.add.sameLanguage);
    this.#adding = true;
    this.#showFiles();
    this.#say(() => t.add.checking);
    try {
      const { Translator } = await this.#load();
      await Translator.add({ sourceLanguage, targetLanguage, files: { model, ...others } });
      await this.#added({ source, target });
      this.#files.clear();
      this.#say(() => t.storage.isReady(modelName({ sourceLanguage: source, targetLanguage: target })));
    } catch (error) {
      this.#explain(error);
    } finally {
      this.#adding = false;
      this.#showFiles();
    }
  }
}

/**
 * Fills a list with languages, each once, in the order of their names.
 * @param {HTMLSelectElement} select
 * @param {string[]} tags
 * @param {string} preferred chosen if it is among them
 */
function fill(select, tags, preferred) {
  const sorted = [...new Set(tags)].sort((a, b) => compare(language(a), language(b)));
  select.replaceChildren(...sorted.map((tag) => make("option", { value: tag }, language(tag))));
  if (sorted.includes(preferred)) select.value = preferred;
}
