// Type-checks the library, its tests, the examples and every snippet of the documents: `node check.mjs REPOSITORY`.
// Prints what the compiler said, then `N passed, N failed`.
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const repository = process.argv[2];
const tsc = join(here, "node_modules/typescript/bin/tsc");

const PROJECTS = ["sdk/js", "examples/clinic", "examples/water"];
const DOCUMENTS = ["sdk/js/README.md", "docs/how-to/write-a-service.md"];
// What a snippet of a document may leave out.
const GIVEN = 'import type { Context } from "ngoma";\ndeclare global {\n  const ctx: Context;\n}\n';

function snippets(document) {
  const text = readFileSync(join(repository, document), "utf8");
  return [...text.matchAll(/^```ts.*\n([^]*?)^```$/gmu)].map((match) => match[1]);
}

function writeSnippets() {
  const folder = join(here, "snippets");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  writeFileSync(join(folder, "given.ts"), GIVEN);
  for (const document of DOCUMENTS) {
    const stem = document.replace(/\W+/gu, "_");
    snippets(document).forEach((code, index) => writeFileSync(join(folder, `${stem}_${index + 1}.ts`), `${code}export {};\n`));
  }
  const library = join(repository, "sdk/js");
  const config = {
    extends: join(library, "tsconfig.json"),
    // A snippet shows what there is, and need not use it all.
    compilerOptions: { paths: { ngoma: [join(library, "src/index.ts")] }, noUnusedLocals: false },
    include: ["*.ts", join(library, "globals.d.ts")],
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  return folder;
}

let passed = 0;
let failed = 0;
for (const project of [...PROJECTS.map((path) => join(repository, path)), writeSnippets()]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [tsc, "--project", project, "--pretty", "false"], {
    encoding: "utf8",
  });
  if (status === 0) passed += 1;
  else {
    failed += 1;
    console.log(`${project}:\n${stdout}${stderr}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
