/**
 * Runs every check, stopping at the first section that fails.
 *
 *     npm test                 everything but what is optional
 *     npm test -- browser      only the sections whose names contain one of the words, optional ones too
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { chromium, firefox, lints, Missing, modules, root, run, rust, vulkan, wasm } from "./setup.mjs";

/** @param {string} folder @param {string} ending */
function files(folder, ending) {
  const path = join(root, folder);
  if (!existsSync(path)) return [];
  return readdirSync(path)
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => join(folder, name));
}

/** Most lines of a file: files hold one concept each, for which 500 are enough, and a few more where a cut would not help. */
const MOST_LINES = 550;

/** Refuses our own source files that have grown too long. */
function lengths() {
  const ours = /\.(rs|wgsl|js|mjs|ts|css|html|py)$/;
  const others = /^(node_modules|target|dist|wasm|models|licences|corpus)$|^\./;
  /** @type {string[]} */
  const long = [];
  /** @param {string} folder */
  const walk = (folder) => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = join(folder, entry.name);
      if (entry.isDirectory() && !others.test(entry.name)) walk(path);
      if (!entry.isFile() || !ours.test(entry.name)) continue;
      const lines = readFileSync(join(root, path), "utf8").split("\n").length - 1;
      if (lines > MOST_LINES) long.push(`${path} has ${lines} lines`);
    }
  };
  for (const folder of ["src", "tests", "benches", "fuzz", "tools", "pkg", "www"]) walk(folder);
  if (long.length > 0) throw new Error(`${long.join(", ")}. Cut what has more than ${MOST_LINES} by concept.`);
}

/** @param {string} folder @param {string[]} flags @param {NodeJS.ProcessEnv} [environment] */
function nodeTests(folder, flags, environment) {
  const tests = files(folder, ".test.mjs");
  if (tests.length === 0) throw new Error(`there are no tests in ${folder}`);
  run(process.execPath, [...flags, "--test", "--test-reporter=spec", ...tests], environment);
}

/** @type {[name: string, check: () => void | Promise<void>][]} */
const SECTIONS = [
  ["set up", () => (modules(), rust(), lints())],
  ["format", () => run("cargo", ["fmt", "--check"])],
  [
    "lint",
    () => {
      lengths();
      run("cargo", ["clippy", "--all-targets", "--features", "train,gpu", "--", "-D", "warnings"]);
      for (const features of ["web", "web,gpu"]) {
        const web = ["--target", "wasm32-unknown-unknown", "--no-default-features", "--features", features, "--lib"];
        run("cargo", ["clippy", ...web, "--", "-D", "warnings"]);
      }
    },
  ],
  // One build with everything in it, optimised because training and searching without that takes many minutes.
  [
    "rust",
    () => {
      // Mesa looks for a Wayland display and complains on standard error, which tests read, if this is not set.
      const display = { XDG_RUNTIME_DIR: process.env["XDG_RUNTIME_DIR"] ?? tmpdir() };
      const gpu = vulkan() ? { DRAGOMAN_REQUIRE_GPU: "1", ...display } : {};
      run("cargo", ["test", "--features", "train,gpu"], { CARGO_PROFILE_DEV_OPT_LEVEL: "2", ...gpu });
    },
  ],
  ["wasm", wasm],
  [
    // After the build, whose bindings the package is checked against.
    "types",
    () => {
      const projects = ["www", "tools", "pkg", "tests/browser", "tests/consumers", "tests/firefox", "tests/package"].flatMap((folder) => [
        ...files(folder, "jsconfig.json"),
        ...files(folder, "jsconfig.sw.json"),
        ...files(folder, "tsconfig.json"),
      ]);
      for (const project of projects) run(process.execPath, [join("node_modules", "typescript", "bin", "tsc"), "-p", project]);
    },
  ],
  [
    "package",
    () => {
      nodeTests("tests/package", []);
      // Node 20 has relaxed SIMD behind a flag, and its baseline compiler gets the dot product wrong.
      nodeTests("tests/package", ["--experimental-wasm-relaxed-simd", "--no-liftoff"]);
    },
  ],
  ["consumers", () => nodeTests("tests/consumers", ["--test-concurrency=1"], { CHROME_PATH: chromium() })],
  [
    "browser",
    () => {
      if (!existsSync(join(root, "www", "models", "manifest.json"))) throw new Missing("There are no weights in www/models.");
      nodeTests("tests/browser", ["--test-concurrency=1"], { CHROME_PATH: chromium() });
    },
  ],
];

/** Run only when named. @type {typeof SECTIONS} */
const OPTIONAL = [["firefox", () => nodeTests("tests/firefox", [], { FIREFOX_PATH: firefox() })]];

const wanted = process.argv.slice(2);
const named = (/** @type {string} */ name) => wanted.some((word) => name.includes(word));
const sections = wanted.length === 0 ? SECTIONS : [...SECTIONS, ...OPTIONAL].filter(([name]) => named(name));
if (sections.length === 0) {
  console.error(`There is no section ${wanted.join(", ")}. There are: ${[...SECTIONS, ...OPTIONAL].map(([name]) => name).join(", ")}.`);
  process.exit(1);
}

/** @type {string[]} */
const summary = [];
for (const [name, check] of sections) {
  console.log(`\n==== ${name} ${"=".repeat(Math.max(4, 60 - name.length))}`);
  const start = performance.now();
  const seconds = () => `${((performance.now() - start) / 1000).toFixed(0).padStart(5)} s`;
  try {
    await check();
    summary.push(`passed  ${seconds()}  ${name}`);
  } catch (error) {
    summary.push(`FAILED  ${seconds()}  ${name}`);
    console.error(error instanceof Error ? `\n${error.message}` : error);
    process.exitCode = 1;
    break;
  }
}
const left = sections.length - summary.length;
console.log(`\n==== summary ${"=".repeat(53)}\n${summary.join("\n")}`);
if (left > 0) console.log(`not run: ${sections.slice(-left).map(([name]) => name).join(", ")}`);
