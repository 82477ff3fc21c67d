/** The page: connects the document's parts with the session. */

import { AddLanguage } from "./add-language.js";
import { wordLinks } from "./alignment.js";
import { byId, make } from "./dom.js";
import * as draft from "./draft.js";
import { chosenBackend, EnginePanel } from "./engine.js";
import { count, engine, language, languageRead, scriptTag, size } from "./format.js";
import { HeatMaps } from "./heatmap.js";
import { Languages } from "./languages.js";
import { Links } from "./links.js";
import { announce, Toast } from "./messages.js";
import { LanguageOffer } from "./offer.js";
import { keepOffline } from "./offline.js";
import { Output } from "./output.js";
import { explain, LoadError } from "./problems.js";
import { LONGEST_LINKED, Session } from "./session.js";
import { StoragePanel } from "./storage.js";

/** @typedef {import("./session.js").State} State */
/** @typedef {import("../pkg/index.js").Direction} Direction */

const MODELS = new URL("./models/manifest.json", import.meta.url);

const source = byId("source", HTMLTextAreaElement);
const mirror = byId("mirror", HTMLElement);
const editor = byId("editor", HTMLElement);
const target = byId("target", HTMLElement);
const empty = byId("empty", HTMLElement);
const wait = byId("wait", HTMLElement);
const problem = byId("problem", HTMLElement);
const retry = byId("retry", HTMLButtonElement);
const bar = byId("bar", HTMLProgressElement);
const statusLine = byId("status", HTMLElement);
const caption = byId("caption", HTMLElement);
const cancel = byId("cancel", HTMLButtonElement);
const copy = byId("copy", HTMLButtonElement);
const resume = byId("resume", HTMLButtonElement);
const clear = byId("clear", HTMLButtonElement);
const linksSwitch = byId("links", HTMLInputElement);
const attention = byId("attention", HTMLElement);

const output = new Output(target);
const toast = new Toast(focusSource);
const links = new Links({ mirror, output: target, editor: source, caption });
const maps = new HeatMaps(byId("maps", HTMLElement), byId("more-maps", HTMLButtonElement));

const languages = new Languages({
  choose,
  swap: swapLanguages,
  example: (text) => {
    setText(text, "");
    focusSource();
  },
});

const offer = new LanguageOffer((pair) => {
  choose(pair);
  announce(`Translating from ${languageRead(pair.source)} to ${language(pair.target)}.`);
  focusSource();
});

/** @type {Direction[]} */
let directions = [];
/** @type {Extract<State, { kind: "done" }> | null} */
let latest = null;
/** @type {State} */
let state = { kind: "empty" };
let reloadToRetry = false;
let toldOfStorage = false;
/** @type {Awaited<ReturnType<typeof keepOffline>>} */
let offline = { update: () => {}, keep: () => {} };

/** @type {Promise<typeof import("../pkg/index.js")> | null} */
let pkg = null;
function load() {
  pkg ??= import("../pkg/index.js").catch((error) => {
    pkg = null;
    throw new LoadError(error);
  });
  return pkg;
}

const session = new Session({ load, backend: chosenBackend, models: MODELS, pair: draft.pair() ?? { source: "en", target: "zh" }, report });

const storage = new StoragePanel({
  list: byId("models", HTMLElement),
  summary: byId("storage-summary", HTMLElement),
  note: byId("storage-note", HTMLElement),
  remove: async ({ sourceLanguage, targetLanguage }) => {
    session.release();
    const { Translator } = await load();
    await Translator.remove({ sourceLanguage, targetLanguage, models: MODELS });
    toldOfStorage = false;
    directions = directions.filter((known) => !known.added || !isFor(known, sourceLanguage, targetLanguage));
    for (const known of directions) if (isFor(known, sourceLanguage, targetLanguage)) known.stored = false;
    showDirections();
    await refreshDirections().catch(() => {
      // What is shown is right; another page may know more.
    });
  },
  download: async ({ sourceLanguage, targetLanguage }) => {
    const { Translator } = await load();
    const translator = await Translator.create({ sourceLanguage, targetLanguage, models: MODELS });
    translator.destroy();
    await refreshDirections();
  },
});

const enginePanel = new EnginePanel({
  report: () => session.gpu,
  chosen: () => {
    session.release();
    session.now(source.value);
  },
  create: async (backend) => {
    const { source: sourceLanguage, target: targetLanguage } = session.pair;
    const { Translator } = await load();
    return Translator.create({ sourceLanguage, targetLanguage, models: MODELS, backend });
  },
});

new AddLanguage({
  load,
  models: MODELS,
  added: async (pair) => {
    await refreshDirections();
    choose(pair);
  },
});

/** @param {Direction} known @param {string} from @param {string} to */
function isFor({ sourceLanguage, targetLanguage }, from, to) {
  return sourceLanguage === from && targetLanguage === to;
}

/** @returns {Direction | undefined} */
function direction({ source: from, target: to } = session.pair) {
  return directions.find((known) => isFor(known, from, to));
}

async function refreshDirections() {
  const { Translator } = await load();
  directions = await Translator.directions({ models: MODELS });
  showDirections();
}

function showDirections() {
  storage.show(directions);
  const [first] = directions;
  // The model for these languages has been removed.
  if (first && !direction()) choose({ source: first.sourceLanguage, target: first.targetLanguage });
  else showLanguages();
}

/* ---- what the session reports ---- */

/** @param {State} next */
function report(next) {
  const before = state.kind;
  state = next;
  const busy = next.kind === "preparing" || next.kind === "translating";
  target.setAttribute("aria-busy", String(busy || next.kind === "waiting"));
  cancel.hidden = !busy;
  resume.hidden = next.kind !== "stopped";
  bar.hidden = !busy;
  problem.hidden = next.kind !== "failed";

  switch (next.kind) {
    case "empty":
      latest = null;
      links.clear();
      maps.clear();
      output.show("");
      statusLine.textContent = "";
      break;
    case "waiting":
      hideLinks();
      break;
    case "preparing":
      showPreparing(next.loaded);
      if (before !== "preparing") announce(statusLine.textContent ?? "");
      break;
    case "translating":
      // A short text is done at once: its last result stays in view until then.
      if (before === "preparing") statusLine.textContent = "Translating";
      showProgress(next.progress);
      break;
    case "done":
      showResult(next);
      break;
    case "stopped":
      statusLine.textContent = "Stopped.";
      announce("Stopped.");
      break;
    case "failed":
      showProblem(next.error);
      break;
  }
  target.classList.toggle("stale", next.kind === "waiting" || busy || next.kind === "stopped");
  target.hidden = output.text === "" || next.kind === "failed";
  empty.hidden = source.value.trim() !== "" || next.kind === "failed";
  wait.hidden = !(next.kind === "preparing" && target.hidden && empty.hidden && direction()?.stored === false);
  copy.hidden = target.hidden;
  copy.disabled = next.kind !== "done";
  showLinks();
}

function showLinks() {
  caption.hidden = target.hidden || !linksSwitch.checked;
  attention.hidden = caption.hidden || maps.empty;
}

/** @param {number} loaded */
function showPreparing(loaded) {
  const model = direction();
  if (loaded > 0 && loaded < 0.998) {
    bar.value = loaded;
    statusLine.textContent = model
      ? `Downloading the model, once: ${size(loaded * model.bytes)} of ${size(model.bytes)}`
      : "Downloading the model, once";
  } else {
    bar.removeAttribute("value");
    statusLine.textContent = model?.stored || loaded > 0 ? "Starting the translator" : "Getting the model";
  }
}

/** @param {import("../pkg/index.js").Progress | null} progress */
function showProgress(progress) {
  if (!progress || progress.total < 2) {
    bar.removeAttribute("value");
    return;
  }
  bar.value = progress.done / progress.total;
  statusLine.textContent = `${count(progress.done, "sentence")} of ${progress.total.toLocaleString("en")} translated`;
  hideLinks();
  output.showPart(progress.text);
}

/** @param {Extract<State, { kind: "done" }>} done */
function showResult(done) {
  latest = done;
  if (done.result.text === done.source && !done.result.sentences.some(({ translated }) => translated)) {
    statusLine.textContent = "Nothing to translate: shown as it is.";
  } else {
    statusLine.textContent = engine(done.result.engine);
  }
  tellOfGpu(done.result.engine);
  showText(done);
  announceResult(done);
  if (!direction(done.pair)?.stored && !toldOfStorage) void noteStorage(done.pair).catch(() => {});
}

/** @param {import("../pkg/index.js").EngineReport} report */
function tellOfGpu({ fault, instructions }) {
  enginePanel.refresh();
  if (fault !== undefined) toast.show(`The GPU did not finish this, so the processor did: ${fault}.`, null);
  if (session.gpu?.adapter) {
    const build = instructions === "relaxed-simd" ? "dragoman_gpu_relaxed" : "dragoman_gpu";
    offline.keep(["pkg/wasm/dragoman_gpu.js", `pkg/wasm/${build}_bg.wasm`]);
  }
}

/** @param {Extract<State, { kind: "done" }>} done */
function showText({ source: text, pair, result }) {
  const tags = { source: scriptTag(pair.source), target: scriptTag(pair.target) };
  if (!linksSwitch.checked) {
    hideLinks();
    maps.clear();
    output.show(result.text);
    return;
  }
  if (text.length > LONGEST_LINKED) {
    hideLinks();
    maps.clear();
    output.show(result.text);
    caption.textContent = `Word links are shown for texts of up to ${count(LONGEST_LINKED, "character")}.`;
    return;
  }
  const found = result.sentences.map((sentence) => wordLinks(text, result.text, sentence, tags));
  output.replace(result.text, links.show(text, result.text, found));
  maps.show(text, result.text, found, tags);
}

function hideLinks() {
  if (!links.active) return;
  links.clear();
  mirrorText();
  output.showPlain();
}

/** @param {unknown} error */
function showProblem(error) {
  const { title, advice, action, reload } = explain(error);
  statusLine.textContent = "";
  byId("problem-title", HTMLElement).textContent = title;
  byId("problem-advice", HTMLElement).textContent = advice;
  retry.textContent = action;
  reloadToRetry = reload === true;
  if (error instanceof DOMException && error.name === "DataError") offline.update();
}

/**
 * Says so where the model could not be kept, and so will be downloaded again.
 * @param {import("./session.js").Pair} pair of that model; another may be chosen by now
 */
async function noteStorage(pair) {
  await refreshDirections();
  if (direction(pair)?.stored === false) {
    toldOfStorage = true;
    storage.note("This browser did not keep the model: there is no space, or it is a private window. It is downloaded again next time.");
    toast.show("Translated, but this browser had no space to keep the model: it will be downloaded again next time.", null);
  }
}

/** @param {Extract<State, { kind: "done" }>} done */
function announceResult({ result, pair }) {
  if (result.text.length > 300) announce(`Translation ready, ${count(result.sentences.length, "sentence")}.`);
  else announce("Translation: ", make("span", { lang: scriptTag(pair.target) }, result.text));
}

/* ---- the source text ---- */

/** @type {ReturnType<typeof setTimeout> | undefined} */
let saving;

/** Back to the text, so that the keyboard goes on from there; not on a touch screen, where its keyboard would cover the result. */
function focusSource() {
  if (matchMedia("(pointer: fine)").matches) source.focus();
}

/** The first letter decides, as with `dir="auto"`, under which Chromium takes seconds to lay out a megabyte. */
const RIGHT_TO_LEFT = /^\P{L}*[\p{Script=Arabic}\p{Script=Hebrew}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}]/u;

function mirrorText() {
  source.dir = mirror.dir = RIGHT_TO_LEFT.test(source.value.slice(0, 1_000)) ? "rtl" : "ltr";
  const long = source.value.length > LONGEST_LINKED;
  editor.classList.toggle("long", long);
  // A line break at the very end has no height of its own.
  mirror.textContent = long ? "" : `${source.value}\n`;
}

function textChanged() {
  mirrorText();
  const { length } = source.value;
  byId("count", HTMLElement).textContent = length ? count(length, "character") : "";
  clear.hidden = length === 0;
  offer.update(source.value, session.pair, directions);
  clearTimeout(saving);
  saving = setTimeout(saveNow, 250);
  // No model is downloaded for a text in another language than its own, unless somebody asks.
  session.input(offer.pending && !direction()?.stored ? "" : source.value);
}

function saveNow() {
  clearTimeout(saving);
  draft.save(source.value);
}

/**
 * Replaces the text, offering to undo that.
 * @param {string} text
 * @param {string} said
 */
function setText(text, said) {
  const before = source.value;
  source.value = text;
  textChanged();
  saveNow();
  if (before && said) {
    toast.show(said, () => setText(before, ""));
  } else {
    toast.hide();
  }
}

source.addEventListener("input", (event) => {
  toast.hide();
  if (/** @type {InputEvent} */ (event).isComposing) mirrorText();
  else textChanged();
});
source.addEventListener("compositionend", textChanged);
source.addEventListener("focus", () => {
  // A download waits for a text.
  if (direction()?.stored) void session.prepare();
}, { once: true });
addEventListener("pagehide", saveNow);
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "hidden") saveNow();
});
clear.addEventListener("click", () => {
  setText("", "Cleared.");
  focusSource();
});
/* ---- languages ---- */

/** @param {import("./session.js").Pair} pair */
function choose(pair) {
  session.setPair(pair);
  draft.keepPair(pair);
  showLanguages();
  textChanged();
}

function showLanguages() {
  languages.show(directions, session.pair);
  offer.update(source.value, session.pair, directions);
  source.lang = mirror.lang = scriptTag(session.pair.source);
  target.lang = scriptTag(session.pair.target);
}

/** What is translated becomes the text to translate. */
function swapLanguages() {
  const { source: from, target: to } = session.pair;
  const before = source.value;
  const text = latest && state.kind === "done" ? latest.result.text : before;
  choose({ source: to, target: from });
  setText(text, "");
  announce(`Translating from ${languageRead(to)} to ${language(from)}.`);
  if (!before) return;
  toast.show("Languages swapped.", () => {
    choose({ source: from, target: to });
    setText(before, "");
  });
}

/* ---- buttons and keys ---- */

retry.addEventListener("click", () => {
  if (reloadToRetry) {
    saveNow();
    location.reload();
    return;
  }
  session.now(source.value);
  focusSource();
});
cancel.addEventListener("click", () => {
  session.cancel();
  focusSource();
});
resume.addEventListener("click", () => {
  session.now(source.value);
  focusSource();
});
copy.addEventListener("click", async () => {
  const text = latest?.result.text ?? "";
  try {
    await navigator.clipboard.writeText(text);
    copy.textContent = "Copied";
    announce("Copied.");
  } catch {
    // Not a secure page, or not allowed: select it, so that the browser's own copying works.
    getSelection()?.selectAllChildren(target);
    copy.textContent = "Selected: copy it";
  }
  setTimeout(() => (copy.textContent = "Copy"), 2_000);
});
linksSwitch.addEventListener("change", () => {
  draft.keepSetting("links", linksSwitch.checked ? "on" : "off");
  if (latest && state.kind === "done") showText(latest);
  showLinks();
});
document.addEventListener("keydown", (event) => {
  if (event.isComposing) return;
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (!problem.hidden && reloadToRetry) retry.click();
    else session.now(source.value);
  } else if (event.key === "Escape" && !links.unpin()) {
    session.cancel();
  }
});
addEventListener("online", () => {
  if (state.kind === "failed" && !reloadToRetry) session.now(source.value);
});

/* ---- start ---- */

if (/Mac|iPhone|iPad/.test(navigator.platform)) {
  for (const key of document.querySelectorAll("kbd")) if (key.textContent === "Ctrl") key.textContent = "⌘";
}
// An installed app may ask that its storage be kept when space runs low.
if (matchMedia("(display-mode: standalone)").matches) void navigator.storage?.persist?.();

linksSwitch.checked = draft.setting("links") === "on";
showLanguages();
const kept = source.value || draft.load();
if (kept) {
  source.value = kept;
  textChanged();
} else {
  mirrorText();
}
void refreshDirections()
  .then(() => {
    if (direction()?.stored) return session.prepare();
  })
  .catch(() => {
    // Reported, with a way out, once there is something to translate.
  });
void keepOffline({
  updateReady: (activate) => {
    byId("update", HTMLElement).hidden = false;
    byId("update-reload", HTMLButtonElement).addEventListener("click", () => {
      saveNow();
      activate();
    });
  },
}).then((kit) => (offline = kit));
dispatchEvent(new Event("dragoman-started"));
