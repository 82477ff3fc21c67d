/**
 * The npm package as a file, for `npm publish` and for tests.
 *
 *     node tools/pack.mjs [FOLDER]    writes the tarball into FOLDER, by default the current one
 *
 * Licences and weights stand elsewhere in the repository; `npm pack` and `npm publish` call this file to copy them into pkg/
 * first (prepack), and to remove the copies afterwards (postpack).
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

import { isMain, modules, root, wasm } from "./setup.mjs";

const pkg = join(root, "pkg");

/** Copies within pkg/, and what they are copies of. */
const COPIES = [
  ["LICENSE-MIT", "LICENSE-MIT"],
  ["LICENSE-APACHE", "LICENSE-APACHE"],
  ["models", "www/models"],
];

const removeCopies = () => COPIES.forEach(([copy]) => rmSync(join(pkg, copy), { recursive: true, force: true }));

function prepare() {
  modules();
  wasm();
  removeCopies();
  for (const [copy, original] of COPIES) cpSync(join(root, original), join(pkg, copy), { recursive: true });
}

/**
 * Packs the package.
 * @param {string} folder where the tarball goes
 * @returns {{ path: string, files: string[] }} the tarball and the paths in it
 */
export function pack(folder) {
  mkdirSync(folder, { recursive: true });
  prepare();
  try {
    // Scripts would print between the lines of the report.
    const parameters = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
    const { status, stdout, stderr } = spawnSync("npm", parameters, { cwd: pkg, encoding: "utf8", shell: process.platform === "win32" });
    if (status !== 0) throw new Error(`npm pack failed: ${stderr || stdout}`);
    // A list, or since npm 12 an object with the packages by name.
    const [report] = Object.values(JSON.parse(stdout));
    return { path: join(folder, report.filename), files: report.files.map((/** @type {{ path: string }} */ { path }) => path) };
  } finally {
    removeCopies();
  }
}

if (isMain(import.meta.url)) {
  if (process.argv[2] === "--prepare") prepare();
  else if (process.argv[2] === "--clean") removeCopies();
  else console.log(pack(resolve(process.argv[2] ?? ".")).path);
}
