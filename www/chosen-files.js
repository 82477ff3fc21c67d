/** The files of a model as they are chosen, at once or one after the other: the newest of each role counts. */

import { directionOf, roleOf } from "./model-files.js";

/** @typedef {import("./model-files.js").Role} Role */

export class ChosenFiles {
  /** @type {Map<Role, File>} */
  #byRole = new Map();
  /** Those of the last choice that no model needs. @type {File[]} */
  #odd = [];

  /** @param {File[]} files */
  add(files) {
    const direction = directionOf(files.map(({ name }) => name));
    const before = this.direction;
    // Vocabularies and lists of another pair's model would make it translate nonsense.
    if (direction && before && (direction.from !== before.from || direction.into !== before.into)) this.#byRole.clear();
    this.#odd = [];
    for (const file of files) {
      const role = roleOf(file.name);
      if (role) this.#byRole.set(role, file);
      else this.#odd.push(file);
    }
  }

  /** @param {File} file */
  remove(file) {
    this.#odd = this.#odd.filter((other) => other !== file);
    for (const [role, other] of this.#byRole) if (other === file) this.#byRole.delete(role);
  }

  clear() {
    this.#byRole.clear();
    this.#odd = [];
  }

  /** Every file, with its role; null for what the model does not need. @returns {[File, Role | null][]} */
  get list() {
    const { files } = this;
    /** @type {[File, Role | null][]} */
    const known = [...this.#byRole].map(([role, file]) => [file, files[role] ? role : null]);
    return [...known, .../** @type {[File, null][]} */ (this.#odd.map((file) => [file, null]))];
  }

  /** Those that make the model. @returns {Partial<Record<Role, File>>} */
  get files() {
    const model = this.#byRole.get("model");
    // A weights file of this project brings its vocabularies.
    if (model && /\.safetensors$/i.test(model.name)) return { model };
    return Object.fromEntries(this.#byRole);
  }

  /** The direction that their names tell. */
  get direction() {
    return directionOf([...this.#byRole.values()].map(({ name }) => name));
  }
}
