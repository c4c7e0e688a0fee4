// Joins an HTTP/2 connection to its socket. What every connection wrote in one turn of the event loop leaves when the turn has
// nothing more to run, in one write each.

import type { Socket } from "node:net";
import type { Clock, Logger } from "../../base/index.ts";
import { Http2Connection, type Http2ConnectionOptions } from "../http2/connection.ts";
import { outputBytes, smallOutputBytes } from "../http2/output.ts";

/** Buffers that are kept for the next write, by size. */
const kept = new Map<number, { readonly most: number; readonly buffers: Uint8Array[] }>([
  [smallOutputBytes, { most: 128, buffers: [] }],
  [outputBytes, { most: 8, buffers: [] }],
]);

const allocate = (bytes: number): Uint8Array => kept.get(bytes)?.buffers.pop() ?? Buffer.allocUnsafeSlow(bytes);

function release(buffer: Uint8Array): void {
  const pool = kept.get(buffer.length);
  if (pool !== undefined && pool.buffers.length < pool.most) pool.buffers.push(buffer);
}

let unflushed: Http2Connection[] = [];

function flushAll(): void {
  const all = unflushed;
  unflushed = [];
  for (const connection of all) connection.flush();
}

/** A tick runs behind all promises that can be settled now. */
function flushSoon(connection: Http2Connection): void {
  if (unflushed.push(connection) === 1) process.nextTick(flushAll);
}

/** What a peer that was sent away may still be sending is read for so long: a reset would lose it the reason. */
const lingerMs = 1_000;

export type Http2SocketOptions = Omit<Http2ConnectionOptions, "sink" | "failed"> & {
  readonly clock: Clock;
  readonly log: Logger;
};

/** Takes the socket over. The connection ends with it, and it with the connection. */
export function http2OverSocket(socket: Socket, { clock, log, ...options }: Http2SocketOptions): Http2Connection {
  const connection: Http2Connection = new Http2Connection({
    ...options,
    failed: ({ code, message }) => log.debug("HTTP/2 connection ended", { code, message }),
    sink: {
      allocate,
      release,
      write: (bytes, written) => void socket.write(bytes, written),
      flushSoon: () => flushSoon(connection),
      end: () => {
        socket.end(() => socket.once("end", () => socket.destroy()));
        clock.setTimeout(() => socket.destroy(), lingerMs, { background: true });
      },
      destroy: () => socket.destroy(),
    },
  });
  socket.on("data", (chunk: Uint8Array) => connection.receive(chunk));
  socket.once("close", () => connection.lost());
  connection.open();
  return connection;
}
