/** Installs what building and testing need where it is missing, saying so. Uses only what comes with Node. */

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readFileSync, realpathSync, statSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Programs installed for this repository alone; they come before others of the same name. */
const tools = join(root, "target", "tools");
process.env.PATH = [join(tools, "bin"), process.env.PATH].join(delimiter);

/** Something a person has to do before this can go on. */
export class Missing extends Error {}

/**
 * Whether a module is the one that Node was started with.
 * @param {string} url
 */
export function isMain(url) {
  return process.argv[1] !== undefined && realpathSync(process.argv[1]) === realpathSync(fileURLToPath(url));
}

/**
 * Runs a command in the repository, showing what it prints.
 * @param {string} command
 * @param {string[]} parameters
 * @param {NodeJS.ProcessEnv} [environment] added to the process's own
 */
export function run(command, parameters, environment) {
  console.log(`$ ${[command, ...parameters].join(" ")}`);
  const { error, status, signal } = spawnSync(command, parameters, {
    cwd: root,
    stdio: "inherit",
    env: { ...process.env, ...environment },
    shell: process.platform === "win32" && command === "npm",
  });
  if (error && "code" in error && error.code === "ENOENT") throw new Missing(`${command} is not installed.`);
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ended with ${signal ?? `status ${status}`}`);
}

/**
 * What a command prints, or null if it cannot be run or fails.
 * @param {string} command
 * @param {string[]} parameters
 */
function output(command, parameters) {
  const { status, stdout } = spawnSync(command, parameters, { cwd: root, encoding: "utf8" });
  return status === 0 ? stdout : null;
}

/**
 * The path of a program, looked for in PATH.
 * @param {string} name
 */
function which(name) {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (statSync(path).isFile()) return path;
    } catch {
      // Not here.
    }
  }
  return null;
}

/** The development packages, as the lock file has them. */
export function modules() {
  const installed = join(root, "node_modules", ".package-lock.json");
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs) return;
  console.log("Installing the development packages.");
  run("npm", ["ci", "--no-audit", "--no-fund"]);
}

/**
 * The compiler, with its WebAssembly target, and the program wasm-bindgen in the version of the crate. Where another version is
 * installed that stays, and this repository's goes into target/tools.
 */
export function rust() {
  if (output("cargo", ["--version"]) === null) {
    throw new Missing("Rust is not installed. Install it from https://rustup.rs and run this again.");
  }
  const targets = output("rustup", ["target", "list", "--installed"]);
  if (targets !== null && !targets.includes("wasm32-unknown-unknown")) {
    console.log("Installing Rust's WebAssembly target.");
    run("rustup", ["target", "add", "wasm32-unknown-unknown"]);
  }
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const version = /name = "wasm-bindgen"\r?\nversion = "([^"]+)"/.exec(lock)?.[1];
  if (!version) throw new Error("Cargo.lock does not list wasm-bindgen");
  if (output("wasm-bindgen", ["--version"])?.trim() === `wasm-bindgen ${version}`) return;
  console.log(`Installing wasm-bindgen ${version} into target/tools; this takes a few minutes, once.`);
  run("cargo", ["install", "wasm-bindgen-cli", "--version", version, "--locked", "--root", tools]);
}

/** The WebAssembly in pkg/wasm, where it is older than its sources. */
export function wasm() {
  rust();
  run(process.execPath, [join("tools", "build-wasm.mjs")]);
}

/**
 * A Chromium, installed where there is none.
 * @returns {string} its path
 */
export function chromium() {
  const named = process.env.CHROME_PATH;
  if (named) {
    if (existsSync(named)) return named;
    throw new Missing(`CHROME_PATH is ${named}, but there is no such file.`);
  }
  const find = () => ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].map(which).find(Boolean);
  const found = find();
  if (found) return found;
  const apps = [
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
  ].find((path) => existsSync(path));
  if (apps) return apps;

  const administrator = process.getuid?.() === 0;
  if (which("apt-get") && (administrator || which("sudo"))) {
    console.log("There is no Chromium: installing it.");
    const prefix = administrator ? [] : ["sudo"];
    for (const parameters of [["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", "chromium", "fonts-noto-cjk"]]) {
      const [command, ...rest] = [...prefix, "apt-get", ...parameters];
      run(command, rest, { DEBIAN_FRONTEND: "noninteractive" });
    }
    const installed = find();
    if (installed) return installed;
  }
  throw new Missing("The browser tests need Chromium or Chrome: install one, or set CHROME_PATH to its program.");
}
