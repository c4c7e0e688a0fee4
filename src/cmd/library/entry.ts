// The built library's entry: library.js beside it, from code that V8 has compiled in an earlier process (../kept-code.ts), as that was
// at the end of one that has started a whole cluster: what runs of a part is little of what others need. The build adds a line that exports
// everything else by name.
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { runInThisContext } from "node:vm";
import { prepareKept } from "../kept-code.ts";
import type * as contents from "./index.ts";

const leastNodeMajor = 24;
if (Number.parseInt(process.versions.node, 10) < leastNodeMajor)
  throw new Error(
    `typernetes needs Node ${leastNodeMajor} or newer, and this is ${process.versions.node} (${process.execPath}): run this with a newer one`,
  );

const home = dirname(fileURLToPath(import.meta.url));
const program = join(home, "library.js");

/** Test runners that give each file a realm of its own want all code in it, which kept code cannot be. */
const inRealmOfNode = runInThisContext("Object") === Object;

let used = false;

function load(): unknown {
  if (!inRealmOfNode) return createRequire(program)(program);
  const { run, keep } = prepareKept({ program, cache: join(home, ".cache"), name: "library" });
  if (keep !== undefined)
    process.once("exit", () => {
      if (used) keep();
    });
  return run();
}

export const library = load() as typeof contents;

const isWhole = ({ nodes, controllers, scheduler }: contents.StartClusterOptions): boolean =>
  nodes !== 0 && controllers === undefined && scheduler !== false;

export const startCluster: typeof library.startCluster = (options = {}) => {
  used ||= isWhole(options);
  return library.startCluster(options);
};
