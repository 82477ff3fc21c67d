/**
 * Builds pkg/wasm: the engine as WebAssembly, once per level of vector instructions, without the GPU and with it. Builds that
 * differ only in vector instructions share a set of bindings.
 *
 *     node tools/build-wasm.mjs            builds what is older than its sources
 *     node tools/build-wasm.mjs --force    builds everything
 *
 * cargo compiles, wasm-bindgen writes the bindings, wasm-opt (binaryen) makes the result smaller. Engines validate a whole
 * module, so a browser without relaxed SIMD needs a file without it; `pkg/lib/runtime.js` chooses.
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants } from "node:zlib";

import { modules, root, run, rust } from "./setup.mjs";

const out = join(root, "pkg", "wasm");
const TARGET = "wasm32-unknown-unknown";

/** Most bytes that either file may have when compressed as by a web server. */
const LIMIT = 240_000;

/** Most bytes by which the GPU may make a compressed file larger. */
const GPU_LIMIT = 120_000;

const VARIANTS = [false, true].flatMap((gpu) => {
  const bindings = gpu ? "dragoman_gpu" : "dragoman";
  return [
    { name: bindings, bindings, gpu, target: "dragoman", features: ["+simd128"] },
    { name: `${bindings}_relaxed`, bindings, gpu, target: "dragoman_relaxed", features: ["+simd128", "+relaxed-simd"] },
  ];
});

/** Optimisations, and what the compiler may emit, for wasm-opt, which refuses anything else. */
const OPTIMISE = [
  "-O3",
  "--converge",
  // LLVM has inlined what is worth it. More of it makes the file smaller, but what is left to compress larger.
  "--one-caller-inline-max-function-size=0",
  "--flexible-inline-max-function-size=5",
  // Offsets may become part of loads and stores: nothing lies below 1,024, where an address would have to wrap around to.
  "--low-memory-unused",
  "--strip-debug",
  "--strip-producers",
  "--enable-simd",
  "--enable-bulk-memory",
  "--enable-bulk-memory-opt",
  "--enable-nontrapping-float-to-int",
  "--enable-sign-ext",
  "--enable-mutable-globals",
  "--enable-reference-types",
  "--enable-multivalue",
];

/**
 * The time of the last change in a file or folder.
 * @param {string} path
 * @returns {number}
 */
function changed(path) {
  const info = statSync(path);
  if (!info.isDirectory()) return info.mtimeMs;
  // A folder's own time tells of files that were removed.
  return Math.max(info.mtimeMs, ...readdirSync(path).map((name) => changed(join(path, name))));
}

/** @param {(typeof VARIANTS)[number]} variant */
const products = ({ name, bindings }) => [`${bindings}.js`, `${bindings}.d.ts`, `${name}_bg.wasm`].map((file) => join(out, file));

function upToDate() {
  const made = VARIANTS.flatMap(products);
  if (!made.every((path) => existsSync(path))) return false;
  const sources = ["Cargo.toml", "Cargo.lock", "src", "tools/build-wasm.mjs"].map((path) => changed(join(root, path)));
  return Math.max(...sources) < Math.min(...made.map((path) => statSync(path).mtimeMs));
}

/**
 * Compiles one variant into `pkg/wasm`.
 * @param {(typeof VARIANTS)[number]} variant
 * @returns {string} its bindings
 */
function build({ name, bindings, gpu, target: folder, features }) {
  console.log(`Building ${name} (${features.join(", ")}).`);
  // A folder of its own, because cargo compiles everything anew when flags change.
  const target = join(root, "target", folder);
  const wanted = gpu ? "web,gpu" : "web";
  run("cargo", ["build", "--lib", "--profile", "wasm", "--no-default-features", "--features", wanted, "--target", TARGET], {
    CARGO_TARGET_DIR: target,
    // The kernels say themselves what is inlined; elsewhere it only makes the file larger.
    RUSTFLAGS: `-C target-feature=${features.join(",")} -C llvm-args=--inline-threshold=25`,
    CARGO_ENCODED_RUSTFLAGS: undefined,
  });
  const staging = join(target, "bindgen");
  rmSync(staging, { recursive: true, force: true });
  const compiled = join(target, TARGET, "wasm", "dragoman.wasm");
  run("wasm-bindgen", ["--target", "web", "--out-dir", staging, "--out-name", bindings, compiled]);
  const optimised = join(staging, "optimised.wasm");
  const relaxed = features.includes("+relaxed-simd") ? ["--enable-relaxed-simd"] : [];
  const optimiser = join(root, "node_modules", "binaryen", "bin", "wasm-opt");
  run(process.execPath, [optimiser, join(staging, `${bindings}_bg.wasm`), "-o", optimised, ...OPTIMISE, ...relaxed]);
  renameSync(optimised, join(out, `${name}_bg.wasm`));
  for (const file of [`${bindings}.js`, `${bindings}.d.ts`]) {
    writeFileSync(join(out, file), readFileSync(join(staging, file)));
  }
  return readFileSync(join(staging, `${bindings}.js`), "utf8");
}

/** @returns {boolean} whether every file is small enough */
function report() {
  let small = true;
  /** Compressed sizes. @type {Map<string, number>} */
  const sizes = new Map();
  for (const { name, gpu, target } of VARIANTS) {
    const bytes = readFileSync(join(out, `${name}_bg.wasm`));
    const compressed = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;
    const kilobytes = (/** @type {number} */ count) => `${(count / 1024).toFixed(1)} KiB`;
    console.log(`${`${name}_bg.wasm`.padEnd(24)} ${kilobytes(bytes.length).padStart(10)}, brotli ${kilobytes(compressed)}`);
    sizes.set(name, compressed);
    if (compressed > (gpu ? (sizes.get(target) ?? 0) + GPU_LIMIT : LIMIT)) small = false;
  }
  if (!small) console.error(`A file is larger than the limit of ${LIMIT} bytes with brotli, or ${GPU_LIMIT} more with the GPU.`);
  return small;
}

function main() {
  if (!process.argv.includes("--force") && upToDate()) return;
  modules();
  rust();
  mkdirSync(out, { recursive: true });
  /** @type {Map<string, string>} */
  const written = new Map();
  for (const variant of VARIANTS) {
    const bindings = build(variant);
    const other = written.get(variant.bindings) ?? bindings;
    written.set(variant.bindings, bindings);
    if (bindings !== other) {
      rmSync(out, { recursive: true });
      throw new Error(`the variants have different bindings, so they cannot share ${variant.bindings}.js`);
    }
  }
  if (!report()) process.exitCode = 1;
}

try {
  main();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
