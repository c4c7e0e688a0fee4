// The part of spdy-transport that is used; the package brings no types.
declare module "spdy-transport" {
  import type { Duplex } from "node:stream";

  export interface SpdyWindow {
    readonly send: object;
    readonly recv: object;
  }
  export interface SpdyStream extends Duplex {
    readonly headers: Readonly<Record<string, string>>;
    abort(): void;
    respond(status: number, headers: Readonly<Record<string, string>>): void;
    /** The library asks every answer for a `:status`; the streams of SPDY remote commands are answered without one. */
    readonly _spdyState: { needResponse: boolean; readonly window: SpdyWindow; readonly sessionWindow: SpdyWindow };
  }
  export interface SpdyConnection {
    /** Ends when everything that came has been decoded and handed on. */
    readonly _spdyState: { readonly parser: Duplex };
    start(version: number): void;
    request(
      options: { method: string; path: string; host: string; headers: Record<string, string> },
      callback: (error: Error | null, stream: SpdyStream) => void,
    ): SpdyStream;
    end(callback?: () => void): void;
    destroyStreams(error?: Error): void;
    on(event: "error" | "close", listener: (error?: Error) => void): this;
    on(event: "stream", listener: (stream: SpdyStream) => void): this;
  }
  const transport: {
    readonly connection: { create(socket: Duplex, options: { protocol: "spdy"; isServer: boolean }): SpdyConnection };
  };

  export { transport as default };
}
