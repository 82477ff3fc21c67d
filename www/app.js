/** The page: connects the document's parts with the session. */

import { AddLanguage } from "./add-language.js";
import { wordLinks } from "./alignment.js";
import { copyButton } from "./copy.js";
import { seemsOther } from "./detect.js";
import { byId, make } from "./dom.js";
import * as draft from "./draft.js";
import { takeDrops } from "./drop.js";
import { chosenBackend, EnginePanel } from "./engine.js";
import { faultName } from "./faults.js";
import { engine, language, languageRead, scriptTag, size } from "./format.js";
import { HeatMaps } from "./heatmap.js";
import { Languages } from "./languages.js";
import { Links } from "./links.js";
import { hush, onLanguage, say, t } from "./locale.js";
import { announce, Toast } from "./messages.js";
import { LanguageOffer } from "./offer.js";
import { keepOffline } from "./offline.js";
import { Output } from "./output.js";
import { load, MODELS, telling } from "./package.js";
import { circumstances, explain, noSpace } from "./problems.js";
import { LONGEST_LINKED, Session } from "./session.js";
import { SourceText } from "./source-text.js";
import { StoragePanel } from "./storage.js";

/** @typedef {import("./session.js").State} State */
/** @typedef {import("../pkg/index.js").Direction} Direction */

const target = byId("target", HTMLElement);
const empty = byId("empty", HTMLElement);
const wait = byId("wait", HTMLElement);
const problem = byId("problem", HTMLElement);
const retry = byId("retry", HTMLButtonElement);
const bar = byId("bar", HTMLProgressElement);
const statusLine = byId("status", HTMLElement);
const caption = byId("caption", HTMLElement);
const cancel = byId("cancel", HTMLButtonElement);
const resume = byId("resume", HTMLButtonElement);
const linksSwitch = byId("links", HTMLInputElement);
const attention = byId("attention", HTMLElement);

const output = new Output(target);
const copy = copyButton(output, target);
const source = new SourceText({ changed: textChanged, typed: () => toast.hide() });
const toast = new Toast(() => source.focus());
const links = new Links({ mirror: source.mirror, output: target, editor: source.area, caption });
const maps = new HeatMaps(byId("maps", HTMLElement), byId("more-maps", HTMLButtonElement));

const languages = new Languages({
  choose,
  swap: swapLanguages,
  example: (text) => {
    setText(text, null);
    source.focus();
  },
});

const offer = new LanguageOffer((pair) => {
  choose(pair);
  announce(t.languages.translating(languageRead(pair.source), language(pair.target)));
  source.focus();
});

/** @type {Direction[]} */
let directions = [];
/** @type {Extract<State, { kind: "done" }> | null} */
let latest = null;
/** @type {State} */
let state = { kind: "empty" };
let reloadToRetry = false;
/** Whether it is known what can be translated, or known that nobody can tell. */
let settled = false;
/** Whether the session has not been given the text, because nobody asked for its model. */
let withheld = false;
let toldOfStorage = false;
/** @type {Awaited<ReturnType<typeof keepOffline>>} */
let offline = { update: () => {}, keep: () => {} };

const session = new Session({ load, backend: chosenBackend, models: MODELS, pair: draft.pair() ?? { source: "en", target: "zh" }, report });

const storage = new StoragePanel({
  remove: async (model) => {
    const { sourceLanguage, targetLanguage, id } = model;
    if (isUsed(model)) session.release();
    const { Translator } = await load();
    await Translator.remove({ sourceLanguage, targetLanguage, id, models: MODELS });
    toldOfStorage = false;
    directions = directions.filter((known) => !known.added || known.id !== id);
    for (const known of directions) if (known.id === id && known.via === undefined) known.stored = false;
    showDirections();
    await refreshDirections().catch(() => {
      // What is shown is right; another page may know more.
    });
  },
  download: async ({ sourceLanguage, targetLanguage, id }, signal, onprogress) => {
    const { Translator } = await load();
    const monitor = telling(onprogress);
    const translator = await Translator.create({ sourceLanguage, targetLanguage, id, models: MODELS, signal, monitor });
    translator.destroy();
    await refreshDirections();
    if (!directions.some((known) => known.id === id && known.stored)) throw noSpace();
  },
});

const enginePanel = new EnginePanel({
  report: () => session.gpu,
  chosen: () => {
    session.release();
    give({ now: true });
  },
  missing: () => (direction()?.stored === false ? (direction()?.bytes ?? 0) : 0),
  create: async (backend, onprogress) => {
    const { source: sourceLanguage, target: targetLanguage } = session.pair;
    const { Translator } = await load();
    const translator = await Translator.create({ sourceLanguage, targetLanguage, models: MODELS, backend, monitor: telling(onprogress) });
    await refreshDirections().catch(() => {
      // The check does not depend on it.
    });
    return translator;
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

/** Whether what is translated now needs a model. @param {Direction} model */
function isUsed({ id, sourceLanguage, targetLanguage }) {
  const present = direction();
  if (present?.via === undefined) return present?.id === id;
  return present.sourceLanguage === sourceLanguage || present.targetLanguage === targetLanguage;
}

async function refreshDirections() {
  const { Translator } = await load();
  directions = await Translator.directions({ models: MODELS });
  settled = true;
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
      clearResult();
      hush(statusLine);
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
      if (before === "preparing") say(statusLine, () => t.target.translating);
      showProgress(next.progress);
      break;
    case "done":
      showResult(next);
      break;
    case "stopped":
      say(statusLine, () => t.target.stopped);
      announce(t.target.stopped);
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
  copy.disabled = next.kind !== "done" && next.kind !== "stopped";
  showLinks();
}

function clearResult() {
  latest = null;
  links.clear();
  maps.clear();
  output.show("");
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
    say(statusLine, () => (model ? t.target.downloading(size(loaded * model.bytes), size(model.bytes)) : t.target.downloadingSome));
  } else {
    bar.removeAttribute("value");
    const here = model?.stored || loaded > 0;
    say(statusLine, () => (here ? t.target.starting : t.target.getting));
  }
}

/** @param {import("../pkg/index.js").Progress | null} progress */
function showProgress(progress) {
  if (!progress || progress.total < 2) {
    bar.removeAttribute("value");
    return;
  }
  const { done, total } = progress;
  bar.value = done / total;
  say(statusLine, () => t.target.done(done, total));
  hideLinks();
  output.showPart(progress.text);
}

/** @param {Extract<State, { kind: "done" }>} done */
function showResult(done) {
  latest = done;
  if (done.result.text === done.source && !done.result.sentences.some(({ translated }) => translated)) {
    say(statusLine, () => t.target.nothing);
  } else {
    say(statusLine, () => engine(done.result.engine));
  }
  tellOfGpu(done.result.engine);
  showText(done);
  announceResult(done);
  if (!direction(done.pair)?.stored && !toldOfStorage) void noteStorage(done.pair).catch(() => {});
}

/** @param {import("../pkg/index.js").EngineReport} report */
function tellOfGpu({ fault, instructions }) {
  enginePanel.refresh();
  if (fault !== undefined) toast.show(() => t.target.gpuFailed(faultName(fault)), null);
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
    caption.textContent = t.links.tooLong(LONGEST_LINKED);
    return;
  }
  const found = result.sentences.map((sentence) => wordLinks(text, result.text, sentence, tags));
  output.replace(result.text, links.show(text, result.text, found));
  maps.show(text, result.text, found, tags);
}

function hideLinks() {
  if (!links.active) return;
  links.clear();
  source.reflect();
  output.showPlain();
}

/** @param {unknown} error */
function showProblem(error) {
  const around = circumstances();
  hush(statusLine);
  say(byId("problem-title", HTMLElement), () => explain(error, around).title);
  say(byId("problem-advice", HTMLElement), () => explain(error, around).advice);
  say(retry, () => explain(error, around).action);
  reloadToRetry = explain(error, around).reload === true;
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
    storage.note(() => t.storage.notKept);
    toast.show(() => t.target.notKept, null);
  }
}

/** @param {Extract<State, { kind: "done" }>} done */
function announceResult({ result, pair }) {
  if (result.text.length > 300) announce(t.target.ready(result.sentences.length));
  else announce(t.target.translation, make("span", { lang: scriptTag(pair.target) }, result.text));
}

/* ---- the source text ---- */

function textChanged() {
  offer.update(source.value, session.pair, directions);
  give();
}

/** Whether to give the session no text: no model is downloaded for one in another language than its own, unless somebody asks. */
function mustWithhold() {
  if (direction()?.stored) return false;
  return settled ? offer.pending : seemsOther(source.value, session.pair.source);
}

/** Gives the session the text, when typing pauses or at once. */
function give({ now = false } = {}) {
  withheld = mustWithhold();
  const text = withheld ? "" : source.value;
  if (now) session.now(text);
  else session.input(text);
}

/** Somebody asks for a translation, whatever the text seems to be in. */
function insist() {
  withheld = false;
  session.now(source.value);
}

/**
 * Replaces the text, offering to undo that.
 * @param {string} text
 * @param {import("./locale.js").Telling | null} said
 */
function setText(text, said) {
  const before = source.value;
  source.replace(text);
  if (before && said) {
    toast.show(said, () => setText(before, null));
  } else {
    toast.hide();
  }
}

source.area.addEventListener("focus", () => {
  // A download waits for a text.
  if (direction()?.stored) void session.prepare();
}, { once: true });
takeDrops({
  taken: (text) => setText(text, () => t.source.dropped),
  refused: (why) => toast.show(why, null),
});
byId("clear", HTMLButtonElement).addEventListener("click", () => {
  setText("", () => t.source.cleared);
  source.focus();
});

/* ---- languages ---- */

/** @param {import("./session.js").Pair} pair */
function choose(pair) {
  // What is shown is in another language than the pane now says.
  if (pair.target !== session.pair.target) clearResult();
  session.setPair(pair);
  draft.keepPair(pair);
  showLanguages();
  source.update();
}

function showLanguages() {
  languages.show(directions, session.pair);
  offer.update(source.value, session.pair, directions);
  source.setLanguage(scriptTag(session.pair.source));
  target.lang = scriptTag(session.pair.target);
  if (withheld && !mustWithhold()) give();
}

/** What is translated, as far as it is, becomes the text to translate. */
function swapLanguages() {
  const { source: from, target: to } = session.pair;
  const before = source.value;
  const text = target.hidden ? before : output.text;
  choose({ source: to, target: from });
  setText(text, null);
  if (!before) return announce(t.languages.translating(languageRead(to), language(from)));
  toast.show(() => t.languages.swapped, () => {
    choose({ source: from, target: to });
    setText(before, null);
  });
}

/* ---- buttons and keys ---- */

retry.addEventListener("click", () => {
  if (reloadToRetry) {
    source.save();
    location.reload();
    return;
  }
  insist();
  source.focus();
});
cancel.addEventListener("click", () => {
  session.cancel();
  source.focus();
});
resume.addEventListener("click", () => {
  insist();
  source.focus();
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
    else insist();
  } else if (event.key === "Escape" && !links.unpin()) {
    session.cancel();
  }
});
addEventListener("online", () => {
  if (state.kind === "failed" && !reloadToRetry) insist();
});

/* ---- start ---- */

// An installed app may ask that its storage be kept when space runs low.
if (matchMedia("(display-mode: standalone)").matches) void navigator.storage?.persist?.();

linksSwitch.checked = draft.setting("links") === "on";
onLanguage(() => {
  storage.show(directions);
  showLanguages();
  if (latest && state.kind === "done") showText(latest);
  showLinks();
});
showLanguages();
source.restore();
void refreshDirections()
  .then(() => {
    if (direction()?.stored) return session.prepare();
  })
  .catch(() => {
    // Reported, with a way out, once there is something to translate.
    settled = true;
    if (withheld) give();
  });
void keepOffline({
  updateReady: (activate) => {
    byId("update", HTMLElement).hidden = false;
    byId("update-reload", HTMLButtonElement).addEventListener("click", () => {
      source.save();
      activate();
    });
  },
}).then((kit) => (offline = kit));
dispatchEvent(new Event("dragoman-started"));
