// Header blocks, whole or in pieces (RFC 9113 §6.2, §6.10). Every block is decoded, whatever becomes of its stream: the tables of
// both sides depend on it.

import type { Frame } from "./frame-reader.ts";
import { ConnectionFault, copied, errorCode, flag, frameType, protocolFault, uint32 } from "./frames.ts";
import { type DecodedBlock, HpackDecoder } from "./hpack-decoder.ts";

export interface HeaderSection {
  readonly stream: number;
  readonly endStream: boolean;
  readonly dependsOnItself: boolean;
  readonly block: DecodedBlock;
}

/** Pieces of one block: enough for the longest list, too few for a flood. */
const mostPieces = 1_024;

interface Unfinished extends Omit<HeaderSection, "block"> {
  readonly pieces: Uint8Array[];
  bytes: number;
}

export class HeaderBlocks {
  readonly #decoder: HpackDecoder;
  readonly #mostBytes: number;
  #unfinished: Unfinished | undefined;
  #begun = false;

  constructor(maxListBytes: number) {
    this.#decoder = new HpackDecoder({ maxListBytes });
    this.#mostBytes = 2 * maxListBytes;
  }

  /** Throws where this frame may not come now: SETTINGS come first, and nothing comes between the pieces of a block (RFC 9113 §3.4, §6.10). */
  inOrder({ type, flags }: Frame): void {
    if (!this.#begun) {
      if (type !== frameType.settings || (flags & flag.ack) !== 0)
        throw protocolFault("a connection begins with SETTINGS");
      this.#begun = true;
    }
    if (this.#unfinished !== undefined && type !== frameType.continuation)
      throw protocolFault("a header block is followed by something else than its continuation");
  }

  /** Undefined: the block goes on in the next frame. */
  headers({ stream, flags, bytes, start, end }: Frame): HeaderSection | undefined {
    if (stream === 0) throw protocolFault("HEADERS are of a stream");
    let from = start;
    let to = end;
    if ((flags & flag.padded) !== 0) to -= bytes[from++] ?? 0;
    let dependsOnItself = false;
    if ((flags & flag.priority) !== 0) {
      if (to - from < 5) throw protocolFault("a priority is longer than its frame");
      dependsOnItself = (uint32(bytes, from) & 0x7fffffff) === stream;
      from += 5;
    }
    if (from > to) throw protocolFault("padding is longer than its frame");
    const endStream = (flags & flag.endStream) !== 0;
    if ((flags & flag.endHeaders) !== 0)
      return { stream, endStream, dependsOnItself, block: this.#decoder.decode(bytes, from, to) };
    this.#unfinished = { stream, endStream, dependsOnItself, pieces: [copied(bytes, from, to)], bytes: to - from };
    return undefined;
  }

  continuation({ stream, flags, bytes, start, end }: Frame): HeaderSection | undefined {
    const unfinished = this.#unfinished;
    if (unfinished === undefined || unfinished.stream !== stream)
      throw protocolFault("CONTINUATION follows no header block");
    unfinished.pieces.push(copied(bytes, start, end));
    unfinished.bytes += end - start;
    if (unfinished.bytes > this.#mostBytes || unfinished.pieces.length > mostPieces)
      throw new ConnectionFault(errorCode.enhanceYourCalm, "a header block has no end");
    if ((flags & flag.endHeaders) === 0) return undefined;
    this.#unfinished = undefined;
    const whole = new Uint8Array(unfinished.bytes);
    let at = 0;
    for (const piece of unfinished.pieces) {
      whole.set(piece, at);
      at += piece.length;
    }
    const { endStream, dependsOnItself } = unfinished;
    return { stream, endStream, dependsOnItself, block: this.#decoder.decode(whole, 0, at) };
  }
}
