// Reading and following a container's log over a file that grows, is rotated and whose container ends.
import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { VirtualClock } from "../../base/index.ts";
import type { KubeletContext } from "../context.ts";
import type { LogOptions } from "./parse.ts";
import { readLogs } from "./read.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const line = (text: string): string => `2026-01-02T03:04:05.000000006Z stdout F ${text}\n`;
const whole: LogOptions = {
  ...{ follow: false, tailLines: undefined, limitBytes: undefined, sinceMs: undefined },
  ...{ timestamps: false, stream: undefined },
};

function machine(text: string | undefined) {
  const clock = new VirtualClock();
  type File = { readonly inode: number; readonly bytes: Uint8Array };
  let file: File | undefined = text === undefined ? undefined : { inode: 1, bytes: encoder.encode(text) };
  /** Rotated files that are still there, by path. */
  const aside = new Map<string, File>();
  const at = (path: string): File | undefined => (path === "/logs/c/0.log" ? file : aside.get(path));
  const sizeOf = (found: File | undefined) =>
    found === undefined ? undefined : { size: found.bytes.length, inode: found.inode };
  let running = true;
  let changed: (() => void) | undefined;
  const context = {
    clock,
    host: {
      files: {
        stat: async (path: string) => sizeOf(at(path)),
        list: async () => ["0.log", ...aside.keys()].map((path) => path.slice(path.lastIndexOf("/") + 1)),
        readAt: async (path: string, offset: number, length: number) =>
          at(path)?.bytes.slice(offset, offset + length) ?? new Uint8Array(),
        watch: (_: string, tell: () => void, signal: AbortSignal) => {
          changed = tell;
          signal.addEventListener("abort", () => (changed = undefined));
        },
      },
    },
    runtime: { listContainers: async () => (running ? [{ id: "c" }] : []) },
  } as unknown as KubeletContext;
  const ended = new AbortController();
  let said = "";
  let over = false;
  return {
    clock,
    said: () => said,
    over: () => over,
    watched: () => changed !== undefined,
    append(more: string) {
      file = { inode: file?.inode ?? 1, bytes: encoder.encode(decoder.decode(file?.bytes) + more) };
      changed?.();
    },
    rotate(fresh: string, keep?: "keep") {
      if (keep && file !== undefined) aside.set("/logs/c/0.log.20260102-030405", file);
      file = { inode: (file?.inode ?? 0) + 1, bytes: encoder.encode(fresh) };
      changed?.();
    },
    exit() {
      running = false;
    },
    abort: () => ended.abort(),
    async read(options: Partial<LogOptions>) {
      const request = { ...whole, ...options, signal: ended.signal };
      for await (const bytes of readLogs(context, { containerId: "c", path: "/logs/c/0.log" }, request))
        said += decoder.decode(bytes);
      over = true;
      return said;
    },
  };
}

test("the last lines of a file are the last lines of the whole, however it is cut", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 8 }),
      fc.nat({ max: 9 }),
      async (lengths, tailLines) => {
        const texts = lengths.map((length, index) => `${index}${"x".repeat(length)}`);
        const read = await machine(texts.map(line).join("")).read({ tailLines });
        const expected = tailLines === 0 ? [] : texts.slice(-tailLines);
        assert.equal(read, expected.map((each) => `${each}\n`).join(""));
      },
    ),
    { numRuns: 30 },
  );
});

test("a container that has no file yet says nothing, and is followed from its first line", async () => {
  assert.equal(await machine(undefined).read({}), "");
  const starting = machine(undefined);
  const reading = starting.read({ follow: true });
  await starting.clock.advance(10);
  starting.append(line("one"));
  await starting.clock.advance(10);
  assert.equal(starting.said(), "one\n");
  starting.exit();
  await starting.clock.advance(1_100);
  assert.equal(await reading, "one\n");
});

test("following: what is appended comes at once, half a line with its other half, a rotated file from its start", async () => {
  const log = machine(line("one"));
  const reading = log.read({ follow: true, tailLines: 1 });
  await log.clock.advance(10);
  assert.equal(log.said(), "one\n");
  log.append(line("two"));
  await log.clock.advance(0);
  assert.equal(log.said(), "one\ntwo\n");
  log.append(line("three").slice(0, -3));
  await log.clock.advance(5_000);
  assert.equal(log.said(), "one\ntwo\n");
  log.append(line("three").slice(-3));
  await log.clock.advance(0);
  assert.equal(log.said(), "one\ntwo\nthree\n");
  log.rotate(line("four"));
  await log.clock.advance(0);
  assert.equal(log.said(), "one\ntwo\nthree\nfour\n");
  log.append(line("five"));
  log.exit();
  await log.clock.advance(1_100);
  assert.equal(await reading, "one\ntwo\nthree\nfour\nfive\n", "what came before the end is not lost");
  assert.equal(log.watched(), false);
});

test("following: what was written before a rotation and not read yet comes before the new file", async () => {
  const log = machine(line("one"));
  const reading = log.read({ follow: true });
  await log.clock.advance(10);
  const many = Array.from({ length: 3_000 }, (_, index) => `${index} ${"x".repeat(50)}`);
  log.append(many.map(line).join(""));
  // Longer than what was read of the old one: its bytes must not be taken for the old one's.
  log.rotate([...many, "end"].map(line).join(""), "keep");
  await log.clock.advance(10);
  log.exit();
  await log.clock.advance(1_100);
  assert.equal(await reading, ["one", ...many, ...many, "end"].map((each) => `${each}\n`).join(""));
});

test("a reader that goes away ends the watch of the file", async () => {
  const log = machine(line("one"));
  const reading = log.read({ follow: true });
  await log.clock.advance(10);
  assert.deepEqual([log.over(), log.watched()], [false, true]);
  log.abort();
  await reading;
  assert.equal(log.watched(), false);
});
