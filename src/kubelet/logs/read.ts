// Reads and follows the log file of a container. Upstream: k8s.io/cri-client/pkg/logs ReadLogs.
import { childController, onAbort, pause } from "../../base/index.ts";
import type { KubeletContext } from "../context.ts";
import { type FileStat, HostError, type HostFiles } from "../host.ts";
import { createLineSplitter, createLogFilter, type LogOptions, parseLogLine } from "./parse.ts";

export interface LogSource {
  readonly containerId: string;
  readonly path: string;
}

const chunkBytes = 64 * 1024;
const checkMs = 1000;

export async function* readLogs(
  context: KubeletContext,
  source: LogSource,
  request: LogOptions & { readonly signal: AbortSignal },
): AsyncGenerator<Uint8Array> {
  const { files } = context.host;
  const { signal } = request;
  let stat = await files.stat(source.path);
  if (stat === undefined) {
    // A container that is just starting has no file yet.
    if (!request.follow) return;
    stat = { type: "file", mode: 0, uid: 0, gid: 0, size: 0, modifiedMs: 0, inode: -1 };
  }
  let { inode } = stat;
  /** The file itself, or where rotation has put what is not read yet. */
  let reading = source.path;
  let offset =
    request.tailLines === undefined
      ? 0
      : await tailOffset(context, source.path, { lines: request.tailLines, size: stat.size });
  const filter = createLogFilter(request);
  let splitter = createLineSplitter();
  const changes = watchChanges(context, source.path, signal);
  // What is written while the last lines are read is none of them.
  let left = request.follow || request.tailLines === undefined ? Number.POSITIVE_INFINITY : request.tailLines;
  try {
    while (!signal.aborted && !filter.full && left > 0) {
      const chunk = inode === -1 ? new Uint8Array() : await readSome(files, reading, offset);
      const now = await files.stat(source.path);
      const another = now !== undefined && now.inode !== inode;
      if (another && reading === source.path) {
        // What was just read may be of the new file, at the old one's place.
        const aside = inode === -1 ? undefined : await rotatedFile(files, source.path, inode);
        if (aside === undefined) ({ inode, offset, splitter } = startOf(now));
        else reading = aside;
        continue;
      }
      offset += chunk.length;
      for (const line of splitter.push(chunk)) {
        const bytes = filter.take(parseLogLine(line));
        if (bytes !== undefined && bytes.length > 0) yield bytes;
        if (filter.full || --left <= 0) return;
      }
      if (chunk.length > 0) continue;
      if (now !== undefined && (another || now.size < offset)) {
        reading = source.path;
        ({ inode, offset, splitter } = startOf(now));
        continue;
      }
      if (!request.follow || !(await isRunning(context, source.containerId))) {
        // What was written between the last read and the end of the container.
        if (now !== undefined && now.size > offset) continue;
        return;
      }
      await changes.next();
    }
  } finally {
    changes.stop();
  }
}

const startOf = ({
  inode,
}: FileStat): { inode: number; offset: number; splitter: ReturnType<typeof createLineSplitter> } => ({
  ...{ inode, offset: 0, splitter: createLineSplitter() },
});

/** Nothing of a file that is gone: rotated, compressed or removed meanwhile. */
async function readSome(files: HostFiles, path: string, offset: number): Promise<Uint8Array> {
  try {
    return await files.readAt(path, offset, chunkBytes);
  } catch (error) {
    if (error instanceof HostError && error.code === "notFound") return new Uint8Array();
    throw error;
  }
}

/** Where rotation has moved the file of this inode; undefined when it is compressed or removed by now. */
async function rotatedFile(files: HostFiles, path: string, inode: number): Promise<string | undefined> {
  const slash = path.lastIndexOf("/");
  const [directory, name] = [path.slice(0, slash), path.slice(slash + 1)];
  for (const each of await files.list(directory))
    if (each.startsWith(`${name}.`) && (await files.stat(`${directory}/${each}`))?.inode === inode)
      return `${directory}/${each}`;
  return undefined;
}

async function isRunning(context: KubeletContext, id: string): Promise<boolean> {
  const found = await context.runtime.listContainers({ state: "running" });
  return found.some((each) => each.id === id);
}

/** Waits for a change of the file; now and then without one, since the container may have ended. */
function watchChanges(
  context: KubeletContext,
  path: string,
  signal: AbortSignal,
): { next(): Promise<void>; stop(): void } {
  let watching: ReturnType<typeof childController> | undefined;
  let changed = false;
  let wake: (() => void) | undefined;
  return {
    async next() {
      if (watching === undefined) {
        watching = childController(signal);
        context.host.files.watch(
          path.slice(0, path.lastIndexOf("/")),
          () => {
            changed = true;
            wake?.();
          },
          watching.signal,
        );
      }
      if (!changed) {
        const waiting = new AbortController();
        const detach = onAbort(signal, () => waiting.abort());
        wake = () => waiting.abort();
        await pause(context.clock, checkMs, waiting.signal);
        wake = undefined;
        detach();
      }
      changed = false;
    },
    stop: () => watching?.abort(),
  };
}

/** Where the last `lines` lines begin. Reads the file backwards. */
async function tailOffset(
  context: KubeletContext,
  path: string,
  { lines, size }: { lines: number; size: number },
): Promise<number> {
  if (lines <= 0) return size;
  let end = size;
  let seen = 0;
  while (end > 0) {
    const from = Math.max(0, end - chunkBytes);
    const chunk = await context.host.files.readAt(path, from, end - from);
    for (let at = chunk.length - 1; at >= 0; at--) {
      // The newline at the very end closes the last line.
      if (chunk[at] !== 10 || from + at === size - 1) continue;
      if (++seen === lines) return from + at + 1;
    }
    end = from;
  }
  return 0;
}
