// Lines of a container's log file: `2026-01-02T03:04:05.000000006Z stdout F text`. Upstream: k8s.io/cri-client/pkg/logs. Bytes stay bytes.

export interface LogOptions {
  readonly follow: boolean;
  /** Undefined: from the beginning. */
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
  /** Only lines of this time or later. */
  readonly sinceMs: number | undefined;
  readonly timestamps: boolean;
  readonly stream: "stdout" | "stderr" | undefined;
}

const newline = 10;
const space = 32;

export interface LogLine {
  readonly timestamp: string;
  readonly stream: string;
  /** A piece of a longer line: the rest follows. */
  readonly partial: boolean;
  readonly content: Uint8Array;
}

/** One line with or without its newline. Throws for what is no log line. */
export function parseLogLine(line: Uint8Array): LogLine {
  const first = line.indexOf(space);
  const second = first < 0 ? -1 : line.indexOf(space, first + 1);
  const third = second < 0 ? -1 : line.indexOf(space, second + 1);
  if (third < 0)
    throw new Error(`unexpected log line ${JSON.stringify(new TextDecoder().decode(line.subarray(0, 200)))}`);
  const text = (from: number, to: number): string => new TextDecoder().decode(line.subarray(from, to));
  const partial = text(second + 1, third).split(":")[0] === "P";
  let end = line.length;
  // A partial line's newline belongs to the file, not to the text.
  if (partial && line[end - 1] === newline) end--;
  return {
    timestamp: text(0, first),
    stream: text(first + 1, second),
    partial,
    content: line.subarray(third + 1, end),
  };
}

/** Applies since, stream, timestamps and the limit to lines one after the other. */
export function createLogFilter(options: LogOptions): {
  take(line: LogLine): Uint8Array | undefined;
  readonly full: boolean;
} {
  let left = options.limitBytes ?? Number.POSITIVE_INFINITY;
  return {
    take(line) {
      if (options.stream !== undefined && line.stream !== options.stream) return undefined;
      if (options.sinceMs !== undefined && Date.parse(line.timestamp) < options.sinceMs) return undefined;
      let bytes = line.content;
      if (options.timestamps) {
        const stamp = new TextEncoder().encode(`${line.timestamp} `);
        bytes = new Uint8Array(stamp.length + line.content.length);
        bytes.set(stamp);
        bytes.set(line.content, stamp.length);
      }
      if (bytes.length > left) bytes = bytes.subarray(0, left);
      left -= bytes.length;
      return bytes;
    },
    get full() {
      return left <= 0;
    },
  };
}

/** Cuts chunks into lines; the last one may be without newline. */
export function createLineSplitter(): { push(chunk: Uint8Array): Uint8Array[]; rest(): Uint8Array } {
  let kept = new Uint8Array(0);
  return {
    push(chunk) {
      const whole = new Uint8Array(kept.length + chunk.length);
      whole.set(kept);
      whole.set(chunk, kept.length);
      const lines: Uint8Array[] = [];
      let from = 0;
      for (let at = whole.indexOf(newline, from); at >= 0; at = whole.indexOf(newline, from)) {
        lines.push(whole.subarray(from, at + 1));
        from = at + 1;
      }
      kept = whole.slice(from);
      return lines;
    },
    rest: () => kept,
  };
}
