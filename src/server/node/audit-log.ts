// The audit log's file, rotated by size and cleaned up by age and number. Upstream: apiserver's plugin/pkg/audit/log with
// lumberjack, whose names of rotated files are kept: `audit-2026-01-02T15-04-05.000.log`.
import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import type { Clock } from "../../base/index.ts";
import type { AuditSink } from "../audit/backend.ts";

export interface AuditLogOptions {
  /** `-`: standard output. */
  readonly path: string;
  readonly clock: Clock;
  /** 0, or not given: it grows for ever. */
  readonly maxSizeMegabytes?: number;
  /** How many rotated files are kept; 0: all. */
  readonly maxBackups?: number;
  /** 0: for ever. */
  readonly maxAgeDays?: number;
  /** Files that are set aside become `.gz`. */
  readonly compress?: boolean;
}

const stdout = 1;
const dayMs = 86_400_000;

/** Every line is written before the request goes on, as upstream's blocking mode does. */
export function openAuditLog(options: AuditLogOptions): AuditSink {
  const { path, clock } = options;
  if (path === "-") return { write: (line) => void writeSync(stdout, line), close: async () => {} };
  const { maxSizeMegabytes = 0 } = options;
  const mostBytes = maxSizeMegabytes === 0 ? Number.POSITIVE_INFINITY : maxSizeMegabytes * 1024 * 1024;
  mkdirSync(dirname(path), { recursive: true });
  let file = openSync(path, "a", 0o600);
  let size = fstatSync(file).size;
  let compressing = Promise.resolve();
  const rotate = (): void => {
    closeSync(file);
    const extension = extname(path);
    const stem = path.slice(0, path.length - extension.length);
    const aside = `${stem}-${stampOf(clock.now())}${extension}`;
    renameSync(path, aside);
    if (options.compress === true) compressing = compressing.then(() => compressed(aside));
    file = openSync(path, "a", 0o600);
    size = 0;
    cleanUp(options, clock.now());
  };
  return {
    write(line) {
      const bytes = Buffer.from(line);
      if (size > 0 && size + bytes.length > mostBytes) rotate();
      writeSync(file, bytes);
      size += bytes.length;
    },
    async close() {
      closeSync(file);
      await compressing;
    },
  };
}

/** The file's place is taken by a compressed one. What it can not do stays as it is: the log itself goes on. */
async function compressed(file: string): Promise<void> {
  try {
    await pipeline(createReadStream(file), createGzip(), createWriteStream(`${file}.gz`, { mode: 0o600 }));
    rmSync(file, { force: true });
  } catch {
    rmSync(`${file}.gz`, { force: true });
  }
}

const stampOf = (ms: number): string => new Date(ms).toISOString().slice(0, 23).replaceAll(":", "-");

function cleanUp({ path, maxBackups = 0, maxAgeDays = 0 }: AuditLogOptions, nowMs: number): void {
  const extension = extname(path);
  const prefix = `${basename(path, extension)}-`;
  const backups = readdirSync(dirname(path))
    .filter((name) => name.startsWith(prefix) && name.replace(/\.gz$/, "").endsWith(extension))
    .map((name) => ({ name, stamp: name.replace(/\.gz$/, "").slice(prefix.length, -extension.length || undefined) }))
    .filter(({ stamp }) => /^\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}$/.test(stamp))
    .sort((one, other) => (one.stamp < other.stamp ? 1 : -1));
  const oldest = stampOf(nowMs - maxAgeDays * dayMs);
  backups.forEach(({ name, stamp }, position) => {
    const tooMany = maxBackups > 0 && position >= maxBackups;
    if (tooMany || (maxAgeDays > 0 && stamp < oldest)) rmSync(join(dirname(path), name), { force: true });
  });
}
