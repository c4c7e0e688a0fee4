// The vocabulary of HTTP/2 frames (RFC 9113 §4, §6, §7) and what a peer that breaks the rules is told.

/** Length (3), type, flags, stream (4). */
export const frameHeadBytes = 9;
/** What a peer may send without being told otherwise, and the most that may ever be agreed on. */
export const smallestMaxFrame = 16_384;
export const largestMaxFrame = (1 << 24) - 1;
export const largestWindow = 2 ** 31 - 1;
export const initialWindow = 65_535;

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  resetStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goAway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const flag = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

export const setting = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

export const errorCode = {
  noError: 0,
  protocolError: 1,
  internalError: 2,
  flowControlError: 3,
  streamClosed: 5,
  frameSizeError: 6,
  refusedStream: 7,
  cancel: 8,
  compressionError: 9,
  enhanceYourCalm: 11,
} as const;

/** Ends the connection with GOAWAY: the peer broke a rule that concerns all of it. */
export class ConnectionFault extends Error {
  override readonly name = "ConnectionFault";
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export const protocolFault = (message: string): ConnectionFault =>
  new ConnectionFault(errorCode.protocolError, message);
export const frameSizeFault = (message: string): ConnectionFault =>
  new ConnectionFault(errorCode.frameSizeError, message);

export const uint32 = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

export function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

/** A copy that is nobody else's; `slice` of a node Buffer is none. */
export function copied(bytes: Uint8Array, start: number, end: number): Uint8Array {
  const copy = new Uint8Array(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

export interface FrameHead {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
}

export function putFrameHead(
  bytes: Uint8Array,
  at: number,
  { length, type, flags, stream }: FrameHead & { readonly length: number },
): void {
  bytes[at] = length >>> 16;
  bytes[at + 1] = length >>> 8;
  bytes[at + 2] = length;
  bytes[at + 3] = type;
  bytes[at + 4] = flags;
  putUint32(bytes, at + 5, stream);
}
