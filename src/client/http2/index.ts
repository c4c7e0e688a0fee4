// HTTP/2 as a client speaks it, without the socket.
export * from "./connection.ts";
export { type Request, UnprocessedError } from "./exchange.ts";
