// The store's thread: takes everything that its owner has sent meanwhile, has all of it done, and tidies up when there is
// nothing else to do.

import { parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { Engine, type Send } from "./engine.ts";
import type { StoreFile, ToWorker } from "./protocol.ts";
import { toWire } from "./schema.ts";

const port = parentPort!;
const send: Send = (message, transfer = []) => port.postMessage(message, transfer);

function serve(engine: Engine): void {
  port.on("message", (first: ToWorker) => {
    let messages = [first, ...drain()];
    for (let more = true; more || messages.length > 0; messages = drain()) {
      engine.handle(messages);
      if (!engine.open) {
        port.close();
        return;
      }
      more = engine.maintain(messages.length > 0);
    }
  });
  send({ type: "opened", ...engine.opened });
}

function drain(): ToWorker[] {
  const messages: ToWorker[] = [];
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port))
    messages.push(next.message as ToWorker);
  return messages;
}

try {
  serve(new Engine(workerData as StoreFile, send));
} catch (error) {
  send({ type: "refused", error: toWire(error) });
  port.close();
}
