// What frames carry, held to RFC 9113 §6 on both ends of a connection: each function throws the ConnectionFault that a peer is told
// who breaks its rules.
import type { Frame } from "./frame-reader.ts";
import {
  ConnectionFault,
  errorCode,
  flag,
  frameSizeFault,
  largestMaxFrame,
  largestWindow,
  protocolFault,
  putUint32,
  setting,
  smallestMaxFrame,
  uint32,
} from "./frames.ts";

export type Setting = readonly [name: number, value: number];

export function settingsPayload(settings: readonly Setting[]): Uint8Array {
  const payload = new Uint8Array(settings.length * 6);
  for (const [index, [name, value]] of settings.entries()) {
    payload[index * 6] = name >>> 8;
    payload[index * 6 + 1] = name;
    putUint32(payload, index * 6 + 2, value);
  }
  return payload;
}

/** SETTINGS; undefined for an acknowledgement of ours. Names that are not known may have any value. */
export function settingsOf({ stream, flags, bytes, start, end }: Frame): Setting[] | undefined {
  if (stream !== 0) throw protocolFault("SETTINGS are of no stream");
  const length = end - start;
  if ((flags & flag.ack) !== 0) {
    if (length !== 0) throw frameSizeFault("an acknowledgement of SETTINGS is empty");
    return undefined;
  }
  if (length % 6 !== 0) throw frameSizeFault("each of the SETTINGS has six bytes");
  const settings: Setting[] = [];
  for (let at = start; at < end; at += 6) {
    const name = (bytes[at]! << 8) | bytes[at + 1]!;
    const value = uint32(bytes, at + 2);
    checkSetting(name, value);
    settings.push([name, value]);
  }
  return settings;
}

function checkSetting(name: number, value: number): void {
  switch (name) {
    case setting.enablePush:
      if (value > 1) throw protocolFault("SETTINGS_ENABLE_PUSH is 0 or 1");
      return;
    case setting.initialWindowSize:
      if (value > largestWindow)
        throw new ConnectionFault(errorCode.flowControlError, "SETTINGS_INITIAL_WINDOW_SIZE is too large");
      return;
    case setting.maxFrameSize:
      if (value < smallestMaxFrame || value > largestMaxFrame)
        throw protocolFault("SETTINGS_MAX_FRAME_SIZE is out of bounds");
  }
}

export function checkPing({ stream, start, end }: Frame): void {
  if (stream !== 0) throw protocolFault("PING is of no stream");
  if (end - start !== 8) throw frameSizeFault("PING has eight bytes");
}

/** GOAWAY. */
export function goAwayOf({ stream, bytes, start, end }: Frame): { readonly lastStream: number; readonly code: number } {
  if (stream !== 0) throw protocolFault("GOAWAY is of no stream");
  if (end - start < 8) throw frameSizeFault("GOAWAY is too short");
  return { lastStream: uint32(bytes, start) & 0x7fffffff, code: uint32(bytes, start + 4) };
}

/** Of RST_STREAM. */
export function resetCodeOf({ bytes, start, end }: Frame): number {
  if (end - start !== 4) throw frameSizeFault("RST_STREAM has four bytes");
  return uint32(bytes, start);
}

/** Of WINDOW_UPDATE; zero is a fault of the stream or of the connection. */
export function incrementOf({ bytes, start, end }: Frame): number {
  if (end - start !== 4) throw frameSizeFault("WINDOW_UPDATE has four bytes");
  return uint32(bytes, start) & 0x7fffffff;
}

/** Bytes of DATA that are none, the one before them included. */
export function paddingOf({ flags, bytes, start, end }: Frame): number {
  if ((flags & flag.padded) === 0) return 0;
  const length = end - start;
  const padding = 1 + (bytes[start] ?? length);
  if (padding > length) throw protocolFault("padding is longer than its frame");
  return padding;
}
