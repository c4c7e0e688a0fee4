import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { frameType, setting } from "../../base/http2/index.ts";
import { block, frame, get, preface, requestFields, settings, TestPeer, word } from "./peer.fixture.ts";

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);
const bytes = (value: string): Uint8Array => new TextEncoder().encode(value);
const windowUpdate = (stream: number, by: number): Uint8Array =>
  frame(frameType.windowUpdate, { stream, payload: word(by) });
const reset = (stream: number): Uint8Array => frame(frameType.resetStream, { stream, payload: word(8) });
const data = (stream: number, payload: ArrayLike<number>, flags = 0): Uint8Array =>
  frame(frameType.data, { stream, payload, flags });
/** HEADERS that a body follows. */
const post = (stream: number, ...more: readonly [string, string][]): Uint8Array =>
  frame(frameType.headers, { flags: 4, stream, payload: block([...requestFields("POST", "/"), ...more]) });
const cutAt = (whole: Uint8Array, sizes: readonly number[]): Uint8Array[] => {
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const size of [...sizes, whole.length]) {
    if (at >= whole.length) break;
    pieces.push(whole.subarray(at, at + size));
    at += size;
  }
  return pieces;
};
const join = (pieces: readonly Uint8Array[]): Uint8Array => Uint8Array.from(pieces.flatMap((each) => [...each]));

describe("requests", () => {
  it("come with their body, however the bytes are cut", () => {
    const long = new Uint8Array(3000).map((_, index) => index);
    const all = join([
      preface,
      settings(),
      post(1, ["content-length", "3000"], ["accept", "a"], ["accept", "b"], ["cookie", "x=1"], ["cookie", "y=2"]),
      data(1, long.subarray(0, 1000)),
      get(3, "/other?x=1"),
      data(1, long.subarray(1000), 1),
    ]);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 400 }), { maxLength: 60 }), (sizes) => {
        const peer = new TestPeer().send(...cutAt(all, sizes));
        assert.equal(peer.fault, undefined);
        const first = peer.requests.find((each) => each.id === 1)!;
        assert.deepEqual(first.head.headers, {
          host: "a:443",
          "content-length": "3000",
          accept: "a, b",
          cookie: "x=1; y=2",
        });
        assert.deepEqual(first.body, { type: "whole", bytes: long });
        assert.equal(peer.requests.find((each) => each.id === 3)!.head.url, "/other?x=1");
      }),
      { numRuns: 60 },
    );
  });

  it("take padding, priorities, continuations and trailers", () => {
    const fields = block(requestFields("POST", "/"));
    const peer = new TestPeer().greet().send(
      // PADDED and PRIORITY: two bytes of padding, depends on stream 7.
      frame(frameType.headers, {
        flags: 0x28,
        stream: 1,
        payload: [2, ...word(7), 9, ...fields.subarray(0, 10), 0, 0],
      }),
      frame(frameType.continuation, { stream: 1, payload: fields.subarray(10, 11) }),
      frame(frameType.continuation, { flags: 4, stream: 1, payload: fields.subarray(11) }),
      data(1, [3, 104, 105, 0, 0, 0], 8),
      frame(frameType.headers, { flags: 5, stream: 1, payload: block([["x-trailer", "1"]]) }),
    );
    const [request] = peer.requests;
    assert.ok(request?.body?.type === "whole");
    assert.equal(text(request.body.bytes), "hi");
  });

  const malformed: readonly (readonly [string, readonly (readonly [string, string])[]])[] = [
    ["an upper-case name", [...requestFields("GET", "/"), ["Accept", "a"]]],
    ["a field of the connection", [...requestFields("GET", "/"), ["connection", "keep-alive"]]],
    ["te other than trailers", [...requestFields("GET", "/"), ["te", "gzip"]]],
    ["a line break", [...requestFields("GET", "/"), ["x", "a\r\nb"]]],
    ["a pseudo field behind others", [["accept", "a"], ...requestFields("GET", "/")]],
    ["an unknown pseudo field", [...requestFields("GET", "/"), [":protocol", "websocket"]]],
    ["a pseudo field twice", [...requestFields("GET", "/"), [":path", "/"]]],
    [
      "no path",
      [
        [":method", "GET"],
        [":scheme", "https"],
      ],
    ],
    ["an empty path", requestFields("GET", "")],
    ["a length without a body", [...requestFields("GET", "/"), ["content-length", "5"]]],
    ["two lengths", [...requestFields("GET", "/"), ["content-length", "0"], ["content-length", "1"]]],
    ["extended CONNECT", [...requestFields("CONNECT", "/"), [":protocol", "websocket"]]],
  ];
  for (const [name, fields] of malformed)
    it(`with ${name} are reset, and the connection goes on`, () => {
      const peer = new TestPeer()
        .greet()
        .send(frame(frameType.headers, { flags: 5, stream: 1, payload: block(fields) }), get(3));
      assert.equal(peer.resetCode(1), 1);
      assert.deepEqual(
        peer.requests.map((each) => each.id),
        [3],
      );
    });

  it("with a body of another length than was said are reset", () => {
    const peer = new TestPeer()
      .greet()
      .send(
        post(1, ["content-length", "3"]),
        data(1, [1, 2], 1),
        post(3, ["content-length", "3"]),
        data(3, [1, 2, 3, 4]),
      );
    assert.deepEqual([peer.resetCode(1), peer.resetCode(3)], [1, 1]);
  });

  it("of a body beyond the bound are told, and the rest is not asked for", () => {
    const peer = new TestPeer({ maxBodyBytes: 10 }).greet().send(post(1), data(1, new Uint8Array(11)));
    const [request] = peer.requests;
    assert.deepEqual(request!.body, { type: "tooLarge" });
    request!.respond({ status: 413, headers: {}, endStream: true });
    peer.settle();
    assert.equal(peer.answers.get(1)?.[0]?.[":status"], "413");
    // NO_ERROR: the answer is whole, the rest of the request is not wanted.
    assert.equal(peer.resetCode(1), 0);
    peer.send(data(1, new Uint8Array(100)));
    assert.equal(peer.of(frameType.resetStream).length, 1);
  });

  it("that wait for permission to send get it", () => {
    const peer = new TestPeer().greet().send(post(1, ["expect", "100-continue"]));
    assert.deepEqual(peer.answers.get(1), [{ ":status": "100" }]);
  });

  it("with more headers than allowed are answered 431", () => {
    const fields = block([...requestFields("GET", "/"), ["x", "y".repeat(2000)]]);
    const peer = new TestPeer({ maxHeaderListBytes: 1000 })
      .greet()
      .send(frame(frameType.headers, { flags: 5, stream: 1, payload: fields }));
    assert.equal(peer.answers.get(1)?.[0]?.[":status"], "431");
    assert.equal(peer.requests.length, 0);
  });
});

describe("answers", () => {
  it("written in one turn leave in one write", () => {
    const peer = new TestPeer().greet().send(get(1), get(3), get(5));
    const before = peer.writes;
    for (const request of peer.requests) {
      request.respond({ status: 200, headers: { "content-type": "text/plain" }, endStream: false });
      request.end(bytes(`of ${request.id}`));
    }
    peer.settle();
    assert.equal(peer.writes, before + 1);
    assert.deepEqual(
      [1, 3, 5].map((id) => text(peer.body(id))),
      ["of 1", "of 3", "of 5"],
    );
  });

  it("in many pieces are few frames", () => {
    const peer = new TestPeer().greet().send(get(1), get(3));
    const [first, second] = peer.requests;
    for (const request of [first!, second!]) request.respond({ status: 200, headers: {}, endStream: false });
    for (let piece = 0; piece < 1000; piece++) first!.write(new Uint8Array(30).fill(piece));
    second!.write(bytes("x"));
    first!.write(bytes("y"));
    first!.end();
    second!.end(bytes("z"));
    peer.settle();
    assert.deepEqual(
      peer.of(frameType.data).map(({ stream, flags, payload }) => [stream, flags, payload.length]),
      [
        [1, 0, 16_350],
        [1, 0, 13_650],
        [3, 0, 1],
        [1, 1, 1],
        [3, 1, 1],
      ],
    );
    assert.deepEqual(
      peer.body(1).subarray(0, 30_000),
      Uint8Array.from({ length: 30_000 }, (_, at) => Math.floor(at / 30)),
    );
  });

  it("arrive whole through any windows, and no window is ever overdrawn", () => {
    const plan = fc.record({
      initial: fc.integer({ min: 0, max: 40 }),
      lengths: fc.array(fc.integer({ min: 0, max: 300 }), { minLength: 1, maxLength: 5 }),
      grants: fc.array(fc.record({ stream: fc.nat(5), by: fc.integer({ min: 1, max: 60 }) }), { maxLength: 40 }),
      later: fc.integer({ min: 0, max: 80 }),
    });
    fc.assert(
      fc.property(plan, ({ initial, lengths, grants, later }) => {
        const peer = new TestPeer().greet([setting.initialWindowSize, initial]);
        const ids = lengths.map((_, index) => 2 * index + 1);
        peer.send(...ids.map((id) => get(id)));
        const windows = new Map(ids.map((id) => [id, initial]));
        const sent = (id: number): number => peer.body(id).length;
        const check = (): void => {
          for (const id of ids) assert.ok(sent(id) <= Math.max(windows.get(id)!, initial));
        };
        for (const [index, request] of peer.requests.entries()) {
          request.respond({ status: 200, headers: {}, endStream: false });
          request.end(new Uint8Array(lengths[index]!).fill(index + 1));
        }
        peer.settle();
        check();
        for (const { stream, by } of grants) {
          const id = ids[stream % ids.length]!;
          windows.set(id, windows.get(id)! + by);
          peer.send(windowUpdate(id, by));
          check();
        }
        peer.send(settings([setting.initialWindowSize, later]));
        for (const id of ids) windows.set(id, windows.get(id)! + later - initial);
        for (const [index, id] of ids.entries()) {
          assert.equal(sent(id) >= Math.min(lengths[index]!, windows.get(id)!), true);
          peer.send(windowUpdate(id, 1000));
          assert.deepEqual(peer.body(id), new Uint8Array(lengths[index]!).fill(index + 1));
        }
        assert.equal(peer.connection.size, 0);
      }),
      { numRuns: 100 },
    );
  });

  it("wait for the connection's window and take turns", () => {
    const peer = new TestPeer().greet([setting.initialWindowSize, 1 << 20]).send(get(1), get(3));
    for (const request of peer.requests) {
      request.respond({ status: 200, headers: {}, endStream: false });
      request.end(new Uint8Array(100_000));
    }
    peer.settle();
    assert.equal(peer.body(1).length + peer.body(3).length, 65_535);
    peer.send(windowUpdate(0, 1 << 20));
    assert.deepEqual([peer.body(1).length, peer.body(3).length], [100_000, 100_000]);
  });

  it("wait for the socket: a peer that reads nothing costs two buffers", () => {
    const peer = new TestPeer().greet([setting.initialWindowSize, 1 << 24]).send(windowUpdate(0, 1 << 24), get(1));
    const [request] = peer.requests;
    peer.stuck = true;
    request!.respond({ status: 200, headers: {}, endStream: false });
    let drained = false;
    const chunk = new Uint8Array(1 << 16);
    while (request!.write(chunk)) peer.settle();
    request!.onDrained(() => {
      drained = true;
    });
    assert.ok(peer.body(1).length <= 128 * 1024 && !drained);
    peer.stuck = false;
    peer.settle();
    assert.ok(drained);
  });

  it("with headers longer than a frame are continued", () => {
    const peer = new TestPeer().greet().send(get(1));
    peer.requests[0]!.respond({ status: 200, headers: { warning: "w".repeat(20_000) }, endStream: true });
    peer.settle();
    assert.deepEqual(
      peer.seen.slice(-2).map(({ type, flags, payload }) => [type, flags, payload.length > 16_384]),
      [
        [frameType.headers, 1, false],
        [frameType.continuation, 4, false],
      ],
    );
    assert.equal(peer.answers.get(1)?.[0]?.["warning"]?.length, 20_000);
  });

  it("break off when the client gives up, and whoever writes is told", () => {
    const peer = new TestPeer().greet([setting.initialWindowSize, 0]).send(get(1));
    const [request] = peer.requests;
    const told: string[] = [];
    request!.onClose(() => told.push("closed"));
    request!.respond({ status: 200, headers: {}, endStream: false });
    request!.write(new Uint8Array(100_000));
    request!.onDrained(() => told.push("drained"));
    peer.send(reset(1));
    assert.deepEqual([told, request!.destroyed, request!.write(bytes("x"))], [["closed", "drained"], true, false]);
  });
});

describe("bounds", () => {
  it("streams beyond the number allowed are refused", () => {
    const peer = new TestPeer({ maxStreams: 2 }).greet().send(get(1), get(3), get(5));
    assert.deepEqual([peer.requests.length, peer.resetCode(5)], [2, 7]);
  });

  it("resets make no room for more work", () => {
    const peer = new TestPeer({ maxStreams: 2 }).greet();
    for (let id = 1; id < 16; id += 2) peer.send(get(id)).send(reset(id));
    assert.equal(peer.requests.length, 2);
    peer.send(get(17));
    peer.connection.handled();
    assert.deepEqual(
      peer.requests.map((each) => each.id),
      [1, 3, 17],
    );
    for (let id = 19; peer.fault === undefined && id < 100; id += 2) peer.send(get(id)).send(reset(id));
    assert.equal(peer.goAwayCode, 11);
    assert.ok(peer.ended);
  });

  it("a request that is given up in the chunk that brought it is never begun", () => {
    const peer = new TestPeer().greet().send(join([get(1), reset(1), get(3)]));
    assert.deepEqual(
      peer.requests.map((each) => each.id),
      [3],
    );
  });

  const floods: readonly (readonly [string, () => Uint8Array])[] = [
    ["empty DATA", () => data(1, [])],
    ["SETTINGS", () => settings([setting.initialWindowSize, 5])],
    ["PING", () => frame(frameType.ping, { payload: new Uint8Array(8) })],
    ["PRIORITY", () => frame(frameType.priority, { stream: 1, payload: [0, 0, 0, 3, 1] })],
    ["frames of no known type", () => frame(99, {})],
  ];
  for (const [name, make] of floods)
    it(`a flood of ${name} ends the connection`, () => {
      const peer = new TestPeer().greet().send(post(1));
      for (let count = 0; count < 10_001; count++) peer.connection.receive(make());
      peer.settle();
      assert.equal(peer.goAwayCode, 11);
    });

  it("a header block without end ends the connection", () => {
    const peer = new TestPeer().greet().send(frame(frameType.headers, { flags: 1, stream: 1, payload: [] }));
    for (let count = 0; count < 1_100 && peer.fault === undefined; count++)
      peer.connection.receive(frame(frameType.continuation, { stream: 1 }));
    assert.equal(peer.settle().goAwayCode, 11);
  });

  it("a peer that makes answers necessary and reads none is gone", () => {
    const peer = new TestPeer().greet();
    peer.stuck = true;
    for (let count = 0; count < 3 && !peer.destroyed; count++) {
      peer.connection.checkAlive();
      for (let id = 0; id < 9_000; id++) peer.connection.receive(frame(frameType.ping, { payload: new Uint8Array(8) }));
    }
    assert.ok(peer.destroyed);
  });

  it("windows that are exceeded cost the stream", () => {
    const peer = new TestPeer().greet().send(get(1), post(3));
    for (let count = 0; count < 2; count++) peer.send(windowUpdate(1, 2 ** 31 - 1));
    assert.equal(peer.resetCode(1), 3);
    assert.equal(peer.fault, undefined);
  });
});

describe("errors of the connection", () => {
  const cases: readonly (readonly [string, number, readonly Uint8Array[]])[] = [
    ["something else than SETTINGS first", 1, [preface, get(1)]],
    ["another protocol", 1, [bytes("PRI * HTTP/3.0\r\n\r\nSM\r\n\r\n")]],
    ["an even stream", 1, [preface, settings(), get(2)]],
    ["a closed stream", 5, [preface, settings(), get(5), get(3)]],
    ["DATA on a stream that is not open", 1, [preface, settings(), data(1, [1])]],
    ["a pushed stream", 1, [preface, settings(), frame(frameType.pushPromise, { stream: 1, payload: word(2) })]],
    ["CONTINUATION of nothing", 1, [preface, settings(), frame(frameType.continuation, { stream: 1 })]],
    ["a frame within a header block", 1, [preface, settings(), frame(frameType.headers, { stream: 1 }), get(3)]],
    ["padding longer than the frame", 1, [preface, settings(), post(1), data(1, [9, 1, 2], 8)]],
    ["a frame too long", 6, [preface, settings(), Uint8Array.of(4, 0, 1, 0, 0, 0, 0, 0, 1)]],
    ["SETTINGS of half a pair", 6, [preface, settings(), frame(frameType.settings, { payload: [0, 1, 0] })]],
    ["an initial window too large", 3, [preface, settings([setting.initialWindowSize, 2 ** 31])]],
    ["a frame size too small", 1, [preface, settings([setting.maxFrameSize, 100])]],
    ["a window that grows by nothing", 1, [preface, settings(), windowUpdate(0, 0)]],
    ["a window too large", 3, [preface, settings(), windowUpdate(0, 2 ** 31 - 1)]],
    ["a PING of seven bytes", 6, [preface, settings(), frame(frameType.ping, { payload: new Uint8Array(7) })]],
    [
      "a header block that can not be read",
      9,
      [preface, settings(), frame(frameType.headers, { flags: 5, stream: 1, payload: [0xff, 0xff, 0xff] })],
    ],
  ];
  for (const [name, code, chunks] of cases)
    it(`${name}: ${code}`, () => {
      const peer = new TestPeer().send(...chunks);
      assert.deepEqual([peer.fault?.code, peer.goAwayCode, peer.ended], [code, code, true]);
    });

  it("no bytes whatever throw", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (chunks) => {
        new TestPeer().greet().send(...chunks);
      }),
      { numRuns: 300 },
    );
  });

  it("no frames whatever throw", () => {
    const any = fc.record({
      type: fc.nat(10),
      flags: fc.nat(255),
      stream: fc.constantFrom(0, 1, 3, 5),
      payload: fc.uint8Array({ maxLength: 40 }),
    });
    fc.assert(
      fc.property(fc.array(any, { maxLength: 40 }), (frames) => {
        const peer = new TestPeer().greet();
        for (const { type, ...rest } of frames) peer.send(frame(type, rest));
        for (const request of peer.requests) {
          request.respond({ status: 200, headers: {}, endStream: false });
          request.end(bytes("done"));
        }
        peer.settle();
      }),
      { numRuns: 300 },
    );
  });
});

describe("the end", () => {
  it("a connection that drains ends what runs and then itself", () => {
    const peer = new TestPeer().greet().send(get(1));
    peer.connection.drain();
    peer.settle();
    assert.equal(peer.of(frameType.goAway)[0]?.payload[3], 255);
    // Opened before the peer knew.
    peer.send(get(3));
    const ping = peer.of(frameType.ping).at(-1)!;
    peer.send(frame(frameType.ping, { flags: 1, payload: ping.payload }), get(5));
    assert.deepEqual(
      peer.requests.map((each) => each.id),
      [1, 3],
    );
    assert.equal(peer.of(frameType.goAway)[1]?.payload[3], 3);
    for (const request of peer.requests) {
      assert.ok(!peer.ended);
      request.respond({ status: 204, headers: {}, endStream: true });
    }
    assert.ok(peer.settle().ended);
  });

  it("who is sent away has the answers to what was asked, and nothing after", () => {
    const peer = new TestPeer().greet().send(get(1), get(3));
    peer.requests[0]!.respond({ status: 401, headers: {}, endStream: true });
    peer.connection.sendAway();
    peer.connection.sendAway();
    peer.send(get(5));
    assert.deepEqual(
      peer.of(frameType.goAway).map(({ payload }) => [payload[3], payload[7]]),
      [[3, 0]],
    );
    assert.deepEqual([peer.requests.length, peer.ended], [2, false]);
    peer.requests[1]!.respond({ status: 200, headers: {}, endStream: false });
    peer.requests[1]!.end(bytes("done"));
    assert.ok(peer.settle().ended);
  });

  it("a ping that is never answered is noticed", () => {
    const peer = new TestPeer().greet();
    assert.equal(peer.connection.checkAlive(), true);
    const ping = peer.settle().of(frameType.ping)[0]!;
    peer.send(frame(frameType.ping, { flags: 1, payload: ping.payload }));
    assert.equal(peer.connection.checkAlive(), true);
    assert.equal(peer.connection.checkAlive(), false);
  });

  it("a lost socket closes every stream", () => {
    const peer = new TestPeer().greet().send(get(1), post(3));
    const closed: number[] = [];
    for (const request of peer.requests) request.onClose(() => closed.push(request.id));
    peer.connection.lost();
    assert.deepEqual(closed, [1, 3]);
    assert.deepEqual(peer.requests[1]!.body, { type: "gone" });
  });
});
