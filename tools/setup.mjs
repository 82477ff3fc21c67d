/** Installs what building and testing need where it is missing, saying so. Uses only what comes with Node. */

import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Programs installed for this repository alone; they come before others of the same name. */
const tools = join(root, "target", "tools");
/** Where rustup puts its programs, which a shell that was open before does not know yet. */
const cargo = join(process.env.CARGO_HOME ?? join(homedir(), ".cargo"), "bin");
process.env.PATH = [join(tools, "bin"), process.env.PATH, cargo].filter(Boolean).join(delimiter);

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

const WASM = "wasm32-unknown-unknown";

/**
 * The compiler, with its WebAssembly target, and the program wasm-bindgen in the version of the crate. Where another version is
 * installed that stays, and this repository's goes into target/tools.
 */
export function rust() {
  if (output("cargo", ["--version"]) === null) {
    throw new Missing("Rust is not installed. Install it from https://rustup.rs and run this again.");
  }
  const rustup = output("rustup", ["--version"]) !== null;
  const library = output("rustc", ["--print", "target-libdir", "--target", WASM])?.trim();
  if (!library || !existsSync(library)) {
    if (!rustup) throw new Missing(`Rust's target ${WASM} is not installed. Rust from https://rustup.rs can install it.`);
    console.log("Installing Rust's WebAssembly target.");
    run("rustup", ["target", "add", WASM]);
  }
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const version = /name = "wasm-bindgen"\r?\nversion = "([^"]+)"/.exec(lock)?.[1];
  if (!version) throw new Error("Cargo.lock does not list wasm-bindgen");
  if (output("wasm-bindgen", ["--version"])?.trim() === `wasm-bindgen ${version}`) return;
  console.log(`Installing wasm-bindgen ${version} into target/tools; this takes a few minutes, once.`);
  const install = ["install", "wasm-bindgen-cli", "--version", version, "--root", tools];
  try {
    run("cargo", [...install, "--locked"]);
  } catch {
    console.log("Trying again with other versions of what it needs: a mirror of the registry may lack one that is locked.");
    run("cargo", install);
  }
}

/** What checks Rust's format and finds its faults. */
export function lints() {
  for (const [name, command] of [["rustfmt", "fmt"], ["clippy", "clippy"]]) {
    if (output("cargo", [command, "--version"]) !== null) continue;
    if (output("rustup", ["--version"]) === null) throw new Missing(`${name} is not installed. Rust from https://rustup.rs can install it.`);
    console.log(`Installing ${name}.`);
    run("rustup", ["component", "add", name]);
  }
}

/** The WebAssembly in pkg/wasm, where it is older than its sources. */
export function wasm() {
  rust();
  run(process.execPath, [join("tools", "build-wasm.mjs")]);
}

/**
 * Starts a headless Chromium. The package that drives it is imported only here, when it is certain to be installed.
 * @param {string[]} more arguments
 * @returns {Promise<import("playwright-core").Browser>}
 */
export async function launchChromium(...more) {
  modules();
  const { chromium: driver } = await import("playwright-core");
  return driver.launch({ executablePath: chromium(), args: ["--headless=new", "--no-sandbox", "--disable-quic", ...more] });
}

/**
 * Installs packages of Debian's.
 * @param {string[]} packages
 * @returns {boolean} false where that is for somebody else to do: who has no rights, or would be asked for a password
 */
function packaged(packages) {
  const administrator = process.getuid?.() === 0;
  if (!which("apt-get") || (!administrator && output("sudo", ["-n", "true"]) === null)) return false;
  console.log(`Installing ${packages.join(" and ")}.`);
  const prefix = administrator ? [] : ["sudo", "-n"];
  for (const parameters of [["update", "-q"], ["install", "-y", "-q", "--no-install-recommends", ...packages]]) {
    const [command, ...rest] = [...prefix, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", ...parameters];
    run(command, rest);
  }
  return true;
}

/** Where the loader of Vulkan looks for drivers. */
const VULKAN = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];

/**
 * A Vulkan driver for the tests of the GPU: Mesa's llvmpipe plays one where there is none.
 * @returns {boolean} whether the tests must find a GPU
 */
export function vulkan() {
  if (process.platform !== "linux") return false;
  const drivers = () => VULKAN.flatMap((folder) => (existsSync(folder) ? readdirSync(folder) : []));
  const plays = () => drivers().some((name) => name.startsWith("lvp_icd"));
  if (drivers().length === 0) {
    try {
      packaged(["mesa-vulkan-drivers"]);
    } catch (error) {
      console.log(error instanceof Error ? error.message : error);
    }
  }
  if (drivers().length === 0) console.log("TESTS OF THE GPU ARE SKIPPED: there is no Vulkan driver. Debian's mesa-vulkan-drivers has one.");
  return plays();
}

/**
 * A browser, installed where there is none.
 * @param {object} browser
 * @param {string} browser.variable that may name its program
 * @param {string[]} browser.programs its names
 * @param {string[]} browser.apps where it is on systems without such names
 * @param {string[]} browser.packages Debian's
 * @param {string} browser.missing what to say if it cannot be had
 * @returns {string} its path
 */
function browser({ variable, programs, apps, packages, missing }) {
  const named = process.env[variable];
  if (named) {
    if (existsSync(named)) return named;
    throw new Missing(`${variable} is ${named}, but there is no such file.`);
  }
  const found = programs.map(which).find(Boolean) ?? apps.find((path) => existsSync(path));
  if (found) return found;

  const installed = packaged(packages) && programs.map(which).find(Boolean);
  if (installed) return installed;
  throw new Missing(missing);
}

export function chromium() {
  return browser({
    variable: "CHROME_PATH",
    programs: ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"],
    apps: [
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      "/Applications/Chromium.app/Contents/MacOS/Chromium",
      "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
    ],
    packages: ["chromium", "fonts-noto-cjk"],
    missing: "The browser tests need Chromium or Chrome: install one, or set CHROME_PATH to its program.",
  });
}

export function firefox() {
  return browser({
    variable: "FIREFOX_PATH",
    programs: ["firefox-esr", "firefox"],
    apps: ["/Applications/Firefox.app/Contents/MacOS/firefox", "C:\\Program Files\\Mozilla Firefox\\firefox.exe"],
    packages: ["firefox-esr", "fonts-noto-cjk"],
    missing: "These tests need Firefox: install it, or set FIREFOX_PATH to its program.",
  });
}
