// Runs a built program from code that V8 has compiled in an earlier run.
//
// Contract: what runs is the program as it is on the disk. Code is kept by who needs it, the Node and the very file that it is of, with a checksum; V8
// refuses what does not fit, and whatever cannot be read or written costs time and nothing else. Node's own compile cache holds a file
// as it was loaded, none of the functions that ran since: they were half of the processor time of a start.
import { closeSync, mkdirSync, openSync, readFileSync, readSync, renameSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import process from "node:process";
import { Script } from "node:vm";
// By its whole: a Node without crc32 is told that it is too old (library/entry.ts), which it must get to.
import * as zlib from "node:zlib";

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

function write(script: Script, codeFile: string): void {
  const code = script.createCachedData();
  const checksum = Buffer.alloc(checksumBytes);
  checksum.writeUInt32LE(zlib.crc32(code));
  unlessBearable(() => {
    mkdirSync(dirname(codeFile), { recursive: true });
    const next = `${codeFile}.${process.pid}`;
    writeFileSync(next, Buffer.concat([code, checksum]));
    renameSync(next, codeFile);
  });
}

/** Undefined when there is none that is whole. */
function read(codeFile: string): Buffer | undefined {
  const file = unlessBearable(() => readFileSync(codeFile));
  if (file === undefined || file.length < checksumBytes) return undefined;
  const code = file.subarray(0, -checksumBytes);
  return zlib.crc32(code) === file.readUInt32LE(code.length) ? code : undefined;
}

/** What Node makes of a CommonJS module: a function of what it gives to it. */
const head = "(function(exports,require,module,__filename,__dirname){";
const tail = "\n})";

/** The text is copied once: there are megabytes of it. */
function asFunction(program: string, size: number): string {
  const text = Buffer.allocUnsafe(head.length + size + tail.length);
  text.write(head, 0, "latin1");
  const file = openSync(program, "r");
  try {
    for (let at = 0; at < size; ) {
      const read = readSync(file, text, head.length + at, size - at, at);
      if (read === 0) throw new Error(`${program} became shorter while it was read; run this again`);
      at += read;
    }
  } finally {
    closeSync(file);
  }
  text.write(tail, head.length + size, "latin1");
  return text.toString("latin1");
}

export interface KeptProgram {
  /** A CommonJS module, all of it ASCII. */
  readonly program: string;
  /** Where code is kept. */
  readonly cache: string;
  /** Programs and users of one that run different functions of it have a name each. */
  readonly name: string;
}

/**
 * Runs the module. What `run` evaluates to is its exports; `keep` writes the code that V8 has by then, once, and is undefined when what was kept
 * fits.
 */
export function prepareKept({ program, cache, name }: KeptProgram): {
  readonly run: () => unknown;
  readonly keep: (() => void) | undefined;
} {
  const { size, mtimeMs } = statSync(program);
  const codeFile = join(cache, `${name}-${process.version}-${process.arch}-${size}-${Math.round(mtimeMs)}`);
  const cachedData = read(codeFile);
  const script = new Script(asFunction(program, size), {
    filename: program,
    columnOffset: -head.length,
    ...(cachedData ? { cachedData } : {}),
  });
  let kept = cachedData !== undefined && script.cachedDataRejected !== true;
  const run = (): unknown => {
    const module = { exports: {} as unknown };
    script.runInThisContext()(module.exports, createRequire(program), module, program, dirname(program));
    return module.exports;
  };
  const keep = (): void => {
    if (!kept) write(script, codeFile);
    kept = true;
  };
  return { run, keep: kept ? undefined : keep };
}
