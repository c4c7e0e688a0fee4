// What the documentation names exists: every path in backticks that begins with a folder of the repository, and every relative link.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { controllers } from "../src/controllers/list.ts";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const pages = [
  ...["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "bench/README.md"],
  ...globSync("docs/**/*.md", { cwd: root }),
];

const code = /`([^`\n]+)`/g;
const repositoryPath = /^(?:src|docs|tools|facts|test|bench)\/[\w./{},*-]*$/;
const link = /\]\(([^)\s]+)\)/g;

/** `a/{b,c}.ts` names two files. */
function alternatives(path: string): string[] {
  const found = /^(.*)\{([^{}]*)\}(.*)$/.exec(path);
  if (found === null) return [path];
  return found[2]!.split(",").flatMap((choice) => alternatives(`${found[1]}${choice}${found[3]}`));
}

const present = (path: string): boolean =>
  path.includes("*") ? globSync(path, { cwd: root }).length > 0 : existsSync(join(root, path));

for (const page of pages) {
  test(`${page} names what exists`, () => {
    const text = readFileSync(join(root, page), "utf8");
    const missing: string[] = [];
    for (const [, path] of text.matchAll(code))
      if (repositoryPath.test(path!)) missing.push(...alternatives(path!).filter((each) => !present(each)));
    for (const [, target] of text.matchAll(link)) {
      if (/^[a-z]+:/.test(target!) || target!.startsWith("#")) continue;
      const path = join(dirname(page), target!.replace(/#.*$/, ""));
      if (!existsSync(join(root, path))) missing.push(`link ${target}`);
    }
    assert.deepEqual(missing, []);
  });
}

test("the README counts the controllers", () => {
  const counted = /\| (\d+) \(`src\/controllers\/list\.ts`\)/.exec(readFileSync(join(root, "README.md"), "utf8"))?.[1];
  assert.equal(Number(counted), controllers.length);
});

test("the pages are found", () => {
  assert.ok(pages.includes("docs/differences.md"));
});
