// What both ends of an HTTP/2 connection share: frames and header blocks (RFC 9113, RFC 7541), as bytes in memory.
export * from "./frame-reader.ts";
export * from "./frames.ts";
export * from "./header-blocks.ts";
export * from "./hpack-decoder.ts";
export * from "./hpack-encoder.ts";
export * from "./hpack-fields.ts";
export * from "./payloads.ts";
