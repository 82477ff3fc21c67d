/** The session alone, with a package whose every step the test decides. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";

import { Session } from "../../www/session.js";

/** @typedef {import("../../www/session.js").State} State */

/** A package that does nothing until told. */
class Puppet {
  /** @type {{ options: any, resolve: (translator: object) => void, reject: (error: unknown) => void }[]} */
  creations = [];
  /** @type {{ text: string, options: any, resolve: (result: object) => void, reject: (error: unknown) => void }[]} */
  calls = [];
  /** @type {State[]} */
  states = [];
  loads = 0;
  /** @type {unknown} */
  loadError = null;

  session = new Session({
    load: async () => {
      this.loads++;
      if (this.loadError) throw this.loadError;
      const create = (/** @type {any} */ options) => this.#pending(this.creations, { options }, options.signal);
      return /** @type {any} */ ({ Translator: { create } });
    },
    models: new URL("https://example.org/models/manifest.json"),
    pair: { source: "en", target: "zh" },
    report: (state) => this.states.push(state),
  });

  translator = {
    translateDetailed: (/** @type {string} */ text, /** @type {any} */ options) => this.#pending(this.calls, { text, options }, options.signal),
  };

  /** @param {any[]} list @param {object} entry @param {AbortSignal} signal */
  #pending(list, entry, signal) {
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      list.push({ ...entry, resolve, reject });
    });
  }

  get kinds() {
    return this.states.map(({ kind }) => kind);
  }

  get last() {
    return this.states[this.states.length - 1];
  }

  /** @param {string} text */
  async translate(text) {
    this.session.now(text);
    await turn();
    this.creations.at(-1)?.resolve(this.translator);
    await turn();
  }

  /** @param {string} text */
  async finish(text) {
    this.calls.at(-1)?.resolve({ text, sentences: [], engine: {} });
    await turn();
  }
}

test("a text goes through preparing and translating to its result", async () => {
  const puppet = new Puppet();
  await puppet.translate("a");
  await puppet.finish("甲");
  assert.deepEqual(puppet.kinds, ["preparing", "translating", "done"]);
  assert.ok(puppet.last.kind === "done" && puppet.last.result.text === "甲" && puppet.last.source === "a");
});

test("the model is prepared once", async () => {
  const puppet = new Puppet();
  void puppet.session.prepare();
  await puppet.translate("a");
  await puppet.finish("甲");
  await puppet.translate("b");
  await puppet.finish("乙");
  assert.equal(puppet.creations.length, 1);
});

test("typing again cancels what is under way, whose late results count for nothing", async () => {
  const puppet = new Puppet();
  await puppet.translate("a");
  const [first] = puppet.calls;
  puppet.session.input("ab");
  assert.ok(first.options.signal.aborted);
  puppet.states.length = 0;
  first.options.onprogress({ done: 1, total: 2, text: "late" });
  first.resolve({ text: "late", sentences: [], engine: {} });
  await turn();
  assert.deepEqual(puppet.states, []);
  await puppet.translate("abc");
  await puppet.finish("丙");
  assert.ok(puppet.last.kind === "done" && puppet.last.source === "abc");
});

test("typing does not begin a download anew", async () => {
  const puppet = new Puppet();
  puppet.session.now("a");
  await turn();
  puppet.session.now("ab");
  await turn();
  assert.equal(puppet.creations.length, 1);
  assert.equal(puppet.creations[0].options.signal.aborted, false);
  puppet.creations[0].resolve(puppet.translator);
  await turn();
  assert.deepEqual(puppet.calls.map(({ text }) => text), ["ab"]);
});

test("progress of the download is reported, and its end is not", async () => {
  const puppet = new Puppet();
  puppet.session.now("a");
  await turn();
  const monitor = new EventTarget();
  puppet.creations[0].options.monitor(monitor);
  for (const loaded of [0, 0.5, 1]) monitor.dispatchEvent(Object.assign(new Event("downloadprogress"), { loaded, total: 1 }));
  const loaded = puppet.states.flatMap((state) => (state.kind === "preparing" ? [state.loaded] : []));
  assert.deepEqual(loaded, [0, 0, 0.5, 0.999]);
});

test("stopping a download ends it, and the next text begins another", async () => {
  const puppet = new Puppet();
  puppet.session.now("a");
  await turn();
  puppet.session.cancel();
  await turn();
  assert.ok(puppet.creations[0].options.signal.aborted);
  assert.deepEqual(puppet.kinds.slice(-1), ["stopped"]);
  await puppet.translate("a");
  await puppet.finish("甲");
  assert.equal(puppet.creations.length, 2);
  assert.equal(puppet.last.kind, "done");
});

test("stopping a translation keeps the model", async () => {
  const puppet = new Puppet();
  await puppet.translate("a");
  puppet.session.cancel();
  await turn();
  assert.equal(puppet.last.kind, "stopped");
  await puppet.translate("b");
  await puppet.finish("乙");
  assert.equal(puppet.creations.length, 1);
});

test("letting go of the model stops what it was doing, and says so", async () => {
  const puppet = new Puppet();
  puppet.session.release();
  assert.deepEqual(puppet.states, []);
  await puppet.translate("a");
  puppet.session.release();
  await turn();
  assert.ok(puppet.creations[0].options.signal.aborted);
  assert.deepEqual(puppet.kinds, ["preparing", "translating", "stopped"]);
  puppet.session.input("b");
  puppet.session.release();
  assert.deepEqual(puppet.kinds.slice(-2), ["waiting", "stopped"]);
  await puppet.translate("a");
  await puppet.finish("甲");
  puppet.session.release();
  assert.equal(puppet.last.kind, "done", "what is done stays");
});

test("cancelling with nothing under way says nothing", () => {
  const puppet = new Puppet();
  puppet.session.cancel();
  assert.deepEqual(puppet.states, []);
});

test("after a failure everything begins afresh", async () => {
  const puppet = new Puppet();
  const failure = new DOMException("no answer", "NetworkError");
  puppet.session.now("a");
  await turn();
  puppet.creations[0].reject(failure);
  await turn();
  assert.deepEqual(puppet.last, { kind: "failed", error: failure });

  await puppet.translate("a");
  puppet.calls[0].reject(new Error("the worker died"));
  await turn();
  assert.equal(puppet.last.kind, "failed");
  assert.ok(puppet.creations[1].options.signal.aborted, "the broken translator is destroyed");

  await puppet.translate("a");
  await puppet.finish("甲");
  assert.equal(puppet.creations.length, 3);
  assert.equal(puppet.last.kind, "done");
});

test("what fails before there is a text is not reported, but tried again", async () => {
  const puppet = new Puppet();
  puppet.loadError = new Error("offline");
  await puppet.session.prepare();
  assert.deepEqual(puppet.kinds, ["empty"]);
  puppet.loadError = null;
  await puppet.translate("a");
  assert.equal(puppet.loads, 2);
  assert.equal(puppet.last.kind, "translating");
});

test("other languages need another model", async () => {
  const puppet = new Puppet();
  await puppet.translate("a");
  puppet.session.setPair({ source: "zh", target: "en" });
  assert.ok(puppet.calls[0].options.signal.aborted);
  assert.ok(puppet.creations[0].options.signal.aborted);
  await puppet.translate("甲");
  await puppet.finish("a");
  assert.equal(puppet.creations[1].options.sourceLanguage, "zh");
  assert.ok(puppet.last.kind === "done" && puppet.last.pair.target === "en");
});

test("blank text is empty, and long text is translated without attention", async () => {
  const puppet = new Puppet();
  puppet.session.input(" \n ");
  puppet.session.now("");
  assert.deepEqual(puppet.kinds, ["empty", "empty"]);
  await puppet.translate("a".repeat(20_001));
  assert.equal(puppet.calls[0].options.alignment, false);
  await puppet.translate("a");
  assert.equal(puppet.calls[1].options.alignment, true);
});
