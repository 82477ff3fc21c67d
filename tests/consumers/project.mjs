/** A project of somebody else that has installed the package from its tarball, as from the registry. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { pack } from "../../tools/pack.mjs";

export class Project {
  /** Paths in the tarball. @type {string[]} */
  files = [];

  /** @param {string} folder */
  constructor(folder) {
    this.folder = folder;
  }

  /** Packs the package and installs it. */
  static async make() {
    const project = new Project(await mkdtemp(join(tmpdir(), "dragoman-consumer-")));
    const { path, files } = pack(project.folder);
    project.files = files;
    await project.write("package.json", JSON.stringify({ private: true, type: "module" }));
    project.run("npm", ["install", "--offline", "--no-audit", "--no-fund", path]);
    return project;
  }

  /** @param {string} name @param {string} content */
  async write(name, content) {
    const path = join(this.folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }

  /**
   * Runs a program in the project.
   * @param {string} program
   * @param {string[]} parameters
   * @returns {string} what it printed
   */
  run(program, parameters) {
    const shell = process.platform === "win32" && program === "npm";
    const { status, stdout, stderr, error } = spawnSync(program, parameters, { cwd: this.folder, encoding: "utf8", shell });
    assert.equal(status, 0, `${program} ${parameters.join(" ")}\n${stdout ?? ""}${stderr ?? ""}${error ?? ""}`);
    return stdout;
  }

  remove() {
    return rm(this.folder, { recursive: true, force: true });
  }
}
