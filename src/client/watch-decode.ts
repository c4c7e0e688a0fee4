// Watch answers → events. Takes decoded frames, framed bytes, or a byte stream that may be cut anywhere.
import {
  type ApiResponse,
  type KubeObject,
  type Status,
  StatusError,
  type WatchEventType,
  type WatchFrame,
} from "../machinery/index.ts";
import type { WatchEvent } from "./contract.ts";

const decoder = new TextDecoder();
const newline = 10;

/**
 * Events of the watch that `open` starts. An ERROR event throws its StatusError; an end, also one by the signal,
 * ends the iteration; a broken connection throws what the transport throws.
 */
export async function* watchEvents<T extends KubeObject>(
  open: () => Promise<ApiResponse>,
  signal: AbortSignal,
): AsyncGenerator<WatchEvent<T>, void, void> {
  try {
    for await (const frames of framesOf(await open())) {
      for (const frame of frames) {
        if (signal.aborted) return;
        yield eventOf<T>(frame);
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

type DecodedFrame = { readonly type: WatchEventType; readonly object?: unknown };

async function* framesOf(answer: ApiResponse): AsyncGenerator<readonly DecodedFrame[], void, void> {
  if (answer.watch !== undefined) {
    for await (const frames of answer.watch) yield frames.map(decodeFrame);
    return;
  }
  const split = createLineSplitter();
  const chunks = answer.stream ?? answer.bytes ?? [];
  for await (const chunk of chunks) {
    const lines = split(chunk);
    if (lines.length > 0) yield lines.map((line) => JSON.parse(line) as DecodedFrame);
  }
}

function decodeFrame(frame: WatchFrame): DecodedFrame {
  if (frame.object !== undefined || frame.bytes === undefined) return frame;
  return JSON.parse(decoder.decode(frame.bytes)) as DecodedFrame;
}

/** Feed it chunks; it returns the lines that are complete. A character cut in two is no trouble: lines are cut as bytes. */
function createLineSplitter(): (chunk: Uint8Array) => string[] {
  let rest: Uint8Array[] = [];
  return (chunk) => {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      const piece = chunk.subarray(start, end);
      const line = rest.length === 0 ? decoder.decode(piece) : decodePieces([...rest, piece]);
      rest = [];
      if (line.trim() !== "") lines.push(line);
      start = end + 1;
    }
    if (start < chunk.length) rest.push(chunk.slice(start));
    return lines;
  };
}

function decodePieces(pieces: readonly Uint8Array[]): string {
  const streaming = new TextDecoder();
  let text = "";
  for (const piece of pieces) text += streaming.decode(piece, { stream: true });
  return text + streaming.decode();
}

function eventOf<T extends KubeObject>(frame: DecodedFrame): WatchEvent<T> {
  switch (frame.type) {
    case "ADDED":
    case "MODIFIED":
    case "DELETED":
      return { type: frame.type, object: frame.object as T };
    case "BOOKMARK": {
      const { metadata } = frame.object as KubeObject;
      return {
        type: "BOOKMARK",
        resourceVersion: metadata.resourceVersion ?? "",
        initialEventsEnd: metadata.annotations?.["k8s.io/initial-events-end"] === "true",
      };
    }
    case "ERROR":
      throw new StatusError(frame.object as Status);
    default:
      throw new Error(`the server sent a watch event of unknown type ${JSON.stringify(frame.type)}`);
  }
}
