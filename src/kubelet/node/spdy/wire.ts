// The library behind SPDY connections inflates headers in the background, and forgets what it has not decoded yet when its socket closes.
// A runtime closes right after a command's last byte, so on a busy machine output would be lost. The socket it is given here closes
// only after everything that came has been decoded.
import { Duplex } from "node:stream";
import transport, { type SpdyConnection } from "spdy-transport";

/** `socket` may be paused to hold the other side back; whoever destroys it ends the connection. */
export function connectSpdy(socket: Duplex, head: Uint8Array): SpdyConnection {
  const wire = new Duplex({
    autoDestroy: false,
    emitClose: false,
    read() {}, // the socket pushes
    // What is written to a socket that has closed meanwhile is nobody's any more; what came from it still counts. The socket itself
    // says that it failed: a failure of this stream would keep its reading side from ever ending.
    write: (chunk: Uint8Array, _encoding, done) => void (socket.destroyed ? done() : socket.write(chunk, () => done())),
    final: (done) => void (socket.destroyed ? done() : socket.end(() => done())),
    destroy(error, done) {
      socket.destroy();
      done(error);
    },
  });
  if (head.length > 0) wire.push(head);
  let ended = false;
  const end = (): void => {
    if (!ended) wire.push(null);
    ended = true;
  };
  socket.on("data", (chunk: Buffer) => {
    if (!ended) wire.push(chunk);
  });
  socket.once("end", end);
  socket.once("close", end);
  socket.on("error", (error) => wire.emit("error", error));
  const connection = transport.connection.create(wire, { protocol: "spdy", isServer: false });
  connection._spdyState.parser.once("end", () => wire.emit("close"));
  return connection;
}
