// The built command's entry: runs main.js beside it from code that V8 has compiled in an earlier run (kept-code.ts), as that was five
// seconds after its start, or at the end.
import { enableCompileCache } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { systemClock } from "../base/index.ts";
import { prepareKept } from "./kept-code.ts";

/** Commands that stay. What the others need is little of each other's, and kept together. */
const staying = new Set(["up", "apiserver", "controller-manager", "scheduler", "kubelet", "proxy"]);
const brief = /^(-h|--help|-d|--detach|--prepare)$/;

const settledAfterMs = 5000;
/** A command that stays and ends sooner has failed: it has not run what a start runs. */
const leastMs = 1000;

const home = dirname(fileURLToPath(import.meta.url));
const cache = join(home, ".cache");
enableCompileCache(cache); // of the packages in vendor/

const [name = "", ...words] = process.argv.slice(2);
const stays = staying.has(name) && !words.some((word) => brief.test(word));

const { run, keep } = prepareKept({ program: join(home, "main.js"), cache, name: stays ? name : "brief" });
if (keep !== undefined) {
  systemClock.setTimeout(keep, settledAfterMs, { background: true });
  process.once("exit", () => {
    if (!stays || systemClock.monotonic() >= leastMs) keep();
  });
}
run();
