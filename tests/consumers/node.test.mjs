import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";

import { root } from "../../tools/setup.mjs";
import { Project } from "./project.mjs";

/** @type {Project} */
let project;
before(async () => {
  project = await Project.make();
});
after(() => project.remove());


/** Every file that a module of the package names. @param {string} path within the package */
async function named(path) {
  const code = await readFile(join(project.folder, "node_modules", "dragoman", path), "utf8");
  const pattern = /(?:from |import\(|new URL\()["'](\.{1,2}\/[^"']+)["']/g;
  return [...code.matchAll(pattern)].map(([, address]) => new URL(address, `file:///${path}`).pathname.slice(1));
}

test("the tarball holds all that is needed, and nothing else", async () => {
  const kinds = /^(index\.(js|d\.ts)|worker\.js|package\.json|README\.md|LICENSE-(MIT|APACHE)|lib\/[a-z0-9-]+\.js|models\/.+|wasm\/dragoman.+)$/;
  assert.deepEqual(project.files.filter((path) => !kinds.test(path)), []);
  for (const path of ["LICENSE-MIT", "LICENSE-APACHE", "README.md", "index.d.ts", "models/manifest.json"]) {
    assert.ok(project.files.includes(path), path);
  }
  for (const path of project.files.filter((file) => /\.(js|d\.ts)$/.test(file))) {
    for (const other of await named(path)) assert.ok(project.files.includes(other), `${path} needs ${other}`);
  }
  const { models } = JSON.parse(await readFile(join(root, "www", "models", "manifest.json"), "utf8"));
  for (const { file } of models) assert.ok(project.files.includes(`models/${file}`), file);
});

test("the package names the licences of the weights in it", async () => {
  const read = async (/** @type {string} */ path) => JSON.parse(await readFile(join(root, path), "utf8"));
  const [{ license }, { models }] = await Promise.all([read("pkg/package.json"), read("www/models/manifest.json")]);
  for (const { id, licence } of models) assert.ok(license.includes(licence.replaceAll(" ", "-")), `${id}: ${licence}`);
});

test("it translates with the weights that come with it", async () => {
  await project.write(
    "main.js",
    `import { Translator } from "dragoman";
    const translator = await Translator.create({ sourceLanguage: "en", targetLanguage: "zh" });
    console.log(await translator.translate("I love to eat pizza."));
    translator.destroy();`,
  );
  assert.match(project.run(process.execPath, ["main.js"]), /^\p{Script=Han}.*\n$/u);
  // Without destroy() the process ends as well.
  await project.write(
    "main.cjs",
    `import("dragoman").then(async ({ Translator }) => {
      const translator = await Translator.create({ sourceLanguage: "en", targetLanguage: "zh" });
      console.log(require.resolve("dragoman/models/manifest.json"), await translator.translate("1.5"));
    });`,
  );
  assert.match(project.run(process.execPath, ["main.cjs"]), /manifest\.json 1\.5\n$/);
});

for (const [module, resolution] of [
  ["ESNext", "bundler"],
  ["NodeNext", "nodenext"],
]) {
  test(`its types serve a program with moduleResolution ${resolution}`, async () => {
    await project.write(
      "consumer.ts",
      `import { Translator, type Availability, type DetailedTranslation, type Direction } from "dragoman";

      export async function use(output: { append(text: string): void }, signal: AbortSignal): Promise<DetailedTranslation> {
        const options = { sourceLanguage: "en", targetLanguage: "zh", models: new URL("https://example.org/manifest.json") };
        const availability: Availability = await Translator.availability(options);
        if (availability === "unavailable") throw new Error("no such pair");
        const translator = await Translator.create({
          ...options,
          signal,
          monitor: (monitor) => monitor.addEventListener("downloadprogress", ({ loaded }) => output.append(loaded.toFixed(2))),
        });
        const one: string = await translator.translate("One.", { beam: 4 });
        const all: string[] = await translator.translate(["One.", "Two."] as const, { onprogress: ({ done, total }) => output.append(\`\${done}/\${total}\`) });
        const reader = translator.translateStreaming(one + all.join()).getReader();
        for (let part = await reader.read(); !part.done; part = await reader.read()) output.append(part.value);
        const directions: Direction[] = await Translator.directions({ models: options.models });
        await Translator.remove(directions[0]!);
        const detailed = await translator.translateDetailed("One.");
        const weights: Float32Array | undefined = detailed.sentences[0]?.alignment?.weights;
        output.append(String(weights?.length));
        // @ts-expect-error there is no such option
        await translator.translate("One.", { beem: 4 });
        // @ts-expect-error the constructor is private
        new Translator();
        return detailed;
      }`,
    );
    const compilerOptions = { module, moduleResolution: resolution, strict: true, noEmit: true, target: "ES2022", lib: ["ES2023", "DOM"], types: [] };
    await project.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
    project.run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.json"]);
  });
}

for (const [name, options] of /** @type {[string, object][]} */ ([
  ["the types of the DOM", { lib: ["ES2023", "DOM", "DOM.AsyncIterable"], types: [] }],
  ["those of Node alone", { lib: ["ES2023"], types: ["node"], typeRoots: [join(root, "node_modules", "@types")] }],
])) {
  test(`the first example of the README is TypeScript, too, with ${name}`, async () => {
    const readme = await readFile(join(project.folder, "node_modules", "dragoman", "README.md"), "utf8");
    const [, example] = /```js\n(.*?)```/s.exec(readme) ?? [];
    assert.match(example ?? "", /downloadprogress/);
    await project.write("example.ts", `declare const article: string, output: { append(text: string): void };\n${example}`);
    const compilerOptions = { module: "ESNext", moduleResolution: "bundler", strict: true, noEmit: true, target: "ES2022", skipLibCheck: false, ...options };
    await project.write("tsconfig.json", JSON.stringify({ compilerOptions, files: ["example.ts"] }));
    project.run(process.execPath, [join(root, "node_modules", "typescript", "bin", "tsc"), "-p", "tsconfig.json"]);
  });
}
