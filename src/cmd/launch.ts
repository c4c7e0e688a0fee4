// The built command's entry: runs main.js beside it from code that V8 has compiled in an earlier run.
//
// Contract: what runs is main.js as it is on the disk. Code is kept by the command, the Node and the very file that it is of, with a
// checksum; V8 refuses what does not fit, and whatever cannot be read or written costs time and nothing else. Node's own compile cache holds a file as it was
// loaded, none of the functions that ran since: they were half of the processor time of a start. Code is kept as it is five seconds later, or at the end.
import { mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createRequire, enableCompileCache } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { Script } from "node:vm";
import { crc32 } from "node:zlib";
import { systemClock } from "../base/index.ts";

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
const program = join(home, "main.js");
const codeFile = join(cache, codeName());

function codeName(): string {
  const { size, mtimeMs } = statSync(program);
  return `${stays ? name : "brief"}-${process.version}-${process.arch}-${size}-${Math.round(mtimeMs)}`;
}

/** What may be missing, or not ours to write. */
const bearable: ReadonlySet<unknown> = new Set(["ENOENT", "EACCES", "EPERM", "EROFS", "ENOSPC"]);

function unlessBearable<T>(attempt: () => T): T | undefined {
  try {
    return attempt();
  } catch (error) {
    if (bearable.has((error as NodeJS.ErrnoException).code)) return undefined;
    throw error;
  }
}

const checksumBytes = 4;

function keep(script: Script): void {
  const code = script.createCachedData();
  const checksum = Buffer.alloc(checksumBytes);
  checksum.writeUInt32LE(crc32(code));
  unlessBearable(() => {
    mkdirSync(cache, { recursive: true });
    const next = `${codeFile}.${process.pid}`;
    writeFileSync(next, Buffer.concat([code, checksum]));
    renameSync(next, codeFile);
  });
}

/** Undefined when there is none that is whole. */
function kept(): Buffer | undefined {
  const file = unlessBearable(() => readFileSync(codeFile));
  if (file === undefined || file.length < checksumBytes) return undefined;
  const code = file.subarray(0, -checksumBytes);
  return crc32(code) === file.readUInt32LE(code.length) ? code : undefined;
}

function run(): void {
  const cachedData = kept();
  const script = new Script(readFileSync(program, "utf8"), {
    filename: program,
    ...(cachedData ? { cachedData } : {}),
  });
  if (cachedData === undefined || script.cachedDataRejected === true) {
    let done = false;
    const keepOnce = (): void => {
      if (!done) keep(script);
      done = true;
    };
    systemClock.setTimeout(keepOnce, settledAfterMs, { background: true });
    process.once("exit", () => {
      if (!stays || systemClock.monotonic() >= leastMs) keepOnce();
    });
  }
  const module = { exports: {} };
  // The build makes it a function of what Node gives to a CommonJS module.
  script.runInThisContext()(module.exports, createRequire(program), module, program, home);
}

run();
