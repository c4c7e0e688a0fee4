import assert from "node:assert/strict";
import { test } from "node:test";
import type { Frame } from "./frame-reader.ts";
import { ConnectionFault, errorCode, flag, frameType, setting } from "./frames.ts";
import { checkPing, goAwayOf, incrementOf, paddingOf, resetCodeOf, settingsOf, settingsPayload } from "./payloads.ts";

const frame = (payload: Uint8Array | readonly number[], of: Partial<Frame> = {}): Frame => {
  const bytes = Uint8Array.from([0xff, 0xff, ...payload]);
  return { type: frameType.settings, flags: 0, stream: 0, bytes, start: 2, end: bytes.length, ...of };
};
const acknowledged = { flags: flag.ack };

test("settings come out as they went in", () => {
  const settings = [
    [setting.initialWindowSize, 2 ** 31 - 1],
    [setting.maxFrameSize, 16_384],
    [0xabcd, 0xffff_ffff],
  ] as const;
  assert.deepEqual(settingsOf(frame(settingsPayload(settings))), settings);
  assert.equal(settingsOf(frame([], acknowledged)), undefined);
});

test("what the other frames carry", () => {
  assert.deepEqual(goAwayOf(frame([0x80, 0, 0, 9, 0, 0, 0, 11, 1, 2])), { lastStream: 9, code: 11 });
  assert.equal(resetCodeOf(frame([0, 0, 0, 8])), 8);
  assert.equal(incrementOf(frame([0x80, 0, 1, 0])), 256);
  checkPing(frame(new Uint8Array(8)));
  assert.equal(paddingOf(frame([3, 1, 0, 0, 0])), 0);
  assert.equal(paddingOf(frame([3, 1, 0, 0, 0], { flags: flag.padded })), 4);
});

const { protocolError, frameSizeError, flowControlError } = errorCode;
const faults: readonly (readonly [name: string, code: number, act: () => unknown])[] = [
  ["SETTINGS of a stream", protocolError, () => settingsOf(frame([], { stream: 1 }))],
  ["SETTINGS cut off", frameSizeError, () => settingsOf(frame([0, 1, 0, 0]))],
  ["an acknowledgement with settings", frameSizeError, () => settingsOf(frame(new Uint8Array(6), acknowledged))],
  ["push neither on nor off", protocolError, () => settingsOf(frame(settingsPayload([[setting.enablePush, 2]])))],
  [
    "a window too large",
    flowControlError,
    () => settingsOf(frame(settingsPayload([[setting.initialWindowSize, 2 ** 31]]))),
  ],
  ["frames too small", protocolError, () => settingsOf(frame(settingsPayload([[setting.maxFrameSize, 16_383]])))],
  ["PING of a stream", protocolError, () => checkPing(frame(new Uint8Array(8), { stream: 1 }))],
  ["a short PING", frameSizeError, () => checkPing(frame(new Uint8Array(7)))],
  ["a short GOAWAY", frameSizeError, () => goAwayOf(frame(new Uint8Array(7)))],
  ["a long RST_STREAM", frameSizeError, () => resetCodeOf(frame(new Uint8Array(5)))],
  ["a short WINDOW_UPDATE", frameSizeError, () => incrementOf(frame(new Uint8Array(3)))],
  ["more padding than payload", protocolError, () => paddingOf(frame([4, 0, 0, 0], { flags: flag.padded }))],
  ["padding of nothing", protocolError, () => paddingOf(frame([], { flags: flag.padded }))],
];
for (const [name, code, act] of faults)
  test(`a connection ends over ${name}`, () => {
    assert.throws(act, (error) => error instanceof ConnectionFault && error.code === code);
  });
