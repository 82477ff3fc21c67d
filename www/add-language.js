/** Adding a language: from Mozilla's registry, if this site names one, or from files. Nothing is fetched before somebody asks. */

import { byId, make } from "./dom.js";
import { compare, language, modelName, size } from "./format.js";
import { hush, onLanguage, say, t } from "./locale.js";
import { directionOf, missing, roleOf } from "./model-files.js";
import { isNoSpace } from "./problems.js";

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
  /** All that were chosen. @type {File[]} */
  #chosenFiles = [];
  /** Those of them that make a model. @type {Partial<Record<import("./model-files.js").Role, File>>} */
  #files = {};

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
    this.#input.addEventListener("change", () => this.#take([...(this.#input.files ?? [])]));
    byId("files-form", HTMLFormElement).addEventListener("submit", (event) => {
      event.preventDefault();
      void this.#addFiles();
    });
    this.#listenForDrops(byId("drop", HTMLElement));
    onLanguage(() => {
      if (this.#offers.length > 0) this.#showOffers();
      this.#showFiles();
    });
  }

  /** @param {import("./locale.js").Telling} text */
  #say(text) {
    say(this.#note, text);
  }

  /** @param {unknown} error */
  #explain(error) {
    const name = error instanceof DOMException ? error.name : "";
    const message = error instanceof Error || error instanceof DOMException ? error.message : String(error);
    if (name === "AbortError") this.#say(() => t.add.stopped);
    else if (isNoSpace(error)) this.#say(() => t.add.noSpace);
    else if (name === "NetworkError" && !navigator.onLine) this.#say(() => t.add.offline);
    else this.#say(() => t.add.failed(name, message));
  }

  /* ---- the registry ---- */

  async #lookUp() {
    this.#show.disabled = true;
    this.#say(() => t.add.gettingList);
    try {
      const { Translator } = await this.#load();
      this.#offers = await Translator.registry({ registry: this.#registry });
      this.#showOffers();
      if (this.#offers.length) hush(this.#note);
      else this.#say(() => t.add.nothingNew);
    } catch (error) {
      this.#explain(error);
    } finally {
      this.#show.disabled = false;
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
    if (!offer) return;
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
        monitor: (monitor) => {
          monitor.addEventListener("downloadprogress", (event) => {
            this.#bar.value = /** @type {ProgressEvent} */ (event).loaded;
          });
        },
      });
      await this.#added({ source: sourceLanguage, target: targetLanguage });
      translator.destroy();
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

  /** @param {boolean} busy */
  #busy(busy) {
    this.#bar.hidden = this.#stop.hidden = !busy;
    this.#bar.value = 0;
    for (const control of this.#registryForm.querySelectorAll("select, [type=submit]")) control.toggleAttribute("disabled", busy);
  }

  /* ---- files ---- */

  /** @param {HTMLElement} zone */
  #listenForDrops(zone) {
    const over = (/** @type {boolean} */ is) => zone.classList.toggle("over", is);
    zone.addEventListener("dragover", (event) => {
      event.preventDefault();
      over(true);
    });
    zone.addEventListener("dragleave", () => over(false));
    zone.addEventListener("drop", (event) => {
      event.preventDefault();
      over(false);
      this.#take([...(event.dataTransfer?.files ?? [])]);
    });
  }

  /** @param {File[]} files */
  #take(files) {
    this.#chosenFiles = files;
    this.#files = {};
    for (const file of files) {
      const role = roleOf(file.name);
      if (role) this.#files[role] = file;
    }
    this.#showFiles();
    const direction = directionOf(files.map(({ name }) => name));
    if (direction) [this.#filesFrom.value, this.#filesInto.value] = [direction.from, direction.into];
    const lack = missing(this.#files) !== null;
    this.#filesAdd.disabled = lack;
    const taken = this.#files;
    if (files.length > 0 && lack) this.#say(() => missing(taken) ?? "");
    else hush(this.#note);
  }

  #showFiles() {
    const items = this.#chosenFiles.map((file) => {
      const role = roleOf(file.name);
      return make("li", role ? {} : { class: "odd" }, t.add.file(file.name, size(file.size), role ? t.add.roles[role] : t.add.notNeeded));
    });
    byId("files-list", HTMLElement).replaceChildren(...items);
  }

  async #addFiles() {
    const { model, ...others } = this.#files;
    if (!model) return;
    const [sourceLanguage, targetLanguage] = [this.#filesFrom.value.trim(), this.#filesInto.value.trim()];
    this.#filesAdd.disabled = true;
    this.#say(() => t.add.checking);
    try {
      const { Translator } = await this.#load();
      await Translator.add({ sourceLanguage, targetLanguage, files: { model, ...others } });
      const [source, target] = Intl.getCanonicalLocales([sourceLanguage, targetLanguage]);
      await this.#added({ source, target });
      this.#input.value = "";
      this.#take([]);
      this.#say(() => t.storage.isReady(modelName({ sourceLanguage: source, targetLanguage: target })));
    } catch (error) {
      this.#explain(error);
      this.#filesAdd.disabled = false;
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
