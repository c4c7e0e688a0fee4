import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { HpackDecoder } from "./hpack-decoder.ts";
import { HpackEncoder } from "./hpack-encoder.ts";

const bytesOf = (hex: string): Uint8Array =>
  Uint8Array.from(hex.replaceAll(" ", "").match(/../g) ?? [], (each) => Number.parseInt(each, 16));
const decode = (decoder: HpackDecoder, bytes: Uint8Array): string[] =>
  decoder.decode(bytes, 0, bytes.length).fields.map(({ name, value }) => `${name}: ${value}`);

const request = (path: string, scheme: string, ...more: string[]): string[] => [
  ":method: GET",
  `:scheme: ${scheme}`,
  `:path: ${path}`,
  ":authority: www.example.com",
  ...more,
];
const requests = [
  request("/", "http"),
  request("/", "http", "cache-control: no-cache"),
  request("/index.html", "https", "custom-key: custom-value"),
];
const answer = (status: number, second: number, ...more: string[]): string[] => [
  `:status: ${status}`,
  "cache-control: private",
  `date: Mon, 21 Oct 2013 20:13:${second} GMT`,
  "location: https://www.example.com",
  ...more,
];
const answers = [
  answer(302, 21),
  answer(307, 21),
  answer(200, 22, "content-encoding: gzip", "set-cookie: foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"),
];

describe("HPACK reading", () => {
  // RFC 7541 appendix C.3 to C.6.
  const examples: readonly {
    name: string;
    maxTableBytes?: number;
    blocks: readonly string[];
    expected: readonly string[][];
  }[] = [
    {
      name: "requests as they are",
      blocks: [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ],
      expected: requests,
    },
    {
      name: "requests with Huffman coding",
      blocks: [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      ],
      expected: requests,
    },
    {
      name: "answers as they are, with evictions",
      maxTableBytes: 256,
      blocks: [
        "4803 3330 3258 0770 7269 7661 7465 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3120 474d 546e 1768 7474 7073 3a2f 2f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "4803 3330 37c1 c0bf",
        "88c1 611d 4d6f 6e2c 2032 3120 4f63 7420 3230 3133 2032 303a 3133 3a32 3220 474d 54c0 5a04 677a 6970 7738 666f 6f3d 4153 444a 4b48 514b 425a 584f 5157 454f 5049 5541 5851 5745 4f49 553b 206d 6178 2d61 6765 3d33 3630 303b 2076 6572 7369 6f6e 3d31",
      ],
      expected: answers,
    },
    {
      name: "answers with Huffman coding, with evictions",
      maxTableBytes: 256,
      blocks: [
        "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
        "4883 640e ffc1 c0bf",
        "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
      ],
      expected: answers,
    },
  ];
  for (const { name, maxTableBytes, blocks, expected } of examples)
    it(name, () => {
      const decoder = new HpackDecoder(maxTableBytes === undefined ? {} : { maxTableBytes });
      assert.deepEqual(
        blocks.map((block) => decode(decoder, bytesOf(block)).sort()),
        expected.map((each) => [...each].sort()),
      );
    });

  for (const [name, block] of [
    ["an index that nothing has", "be"],
    ["the index 0", "80"],
    ["a string beyond the block", "4003 6162"],
    ["an integer without end", "ff ffff ffff ff"],
    ["a table size update behind a field", "82 20"],
    ["a table larger than agreed on", "3f e2 ff 03"],
    ["padding of a whole byte", "4085 f2b2 4a84 ffff 8749 51a9 5bb8 e8b4 bf"],
    ["padding that is not all ones", "0001 6181 00"],
    ["the end-of-string symbol", "0001 6184 ffff ffff"],
  ] as const)
    it(`refuses ${name}`, () => {
      assert.throws(() => decode(new HpackDecoder(), bytesOf(block)), { name: "ConnectionFault", code: 9 });
    });

  it("keeps its tables when a list is too long, and says so", () => {
    const decoder = new HpackDecoder({ maxListBytes: 100 });
    // Two new fields of 47 bytes each, and one that does not fit any more.
    const block = bytesOf(
      "4001 610e 4141 4141 4141 4141 4141 4141 4141 4001 620e 4242 4242 4242 4242 4242 4242 4242 4001 630e 4343 4343 4343 4343 4343 4343 4343",
    );
    const read = decoder.decode(block, 0, block.length);
    assert.deepEqual([read.tooLarge, read.fields.length], [true, 2]);
    assert.deepEqual(decode(decoder, bytesOf("be")), ["c: CCCCCCCCCCCCCC"]);
  });

  it("hands out the same string for a literal that comes again", () => {
    const decoder = new HpackDecoder();
    const block = bytesOf("040b 2f61 7069 2f76 312f 6162 63");
    const texts = [0, 1].map(() => decoder.decode(block, 0, block.length).fields[0]!.value);
    assert.deepEqual(texts, ["/api/v1/abc", "/api/v1/abc"]);
  });
});

describe("HPACK writing", () => {
  const names = fc.constantFrom(
    "content-type",
    "vary",
    "audit-id",
    "x-kubernetes-pf-flowschema-uid",
    "content-length",
    "x-own",
    "warning",
  );
  const values = fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map((each) => String.fromCharCode(each)),
    maxLength: 300,
  });
  const headers = fc.dictionary(names, fc.oneof(values, fc.array(values, { minLength: 1, maxLength: 3 })), {
    noNullPrototype: true,
  });
  const step = fc.oneof(
    fc.record({ status: fc.constantFrom(200, 201, 204, 404, 409), headers }),
    fc.record({ tableBytes: fc.constantFrom(0, 64, 300, 4096, 1 << 20) }),
  );

  it("is read as it was meant, whatever the table's size becomes", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder();
        for (const each of steps) {
          if ("tableBytes" in each) {
            encoder.limitTable(each.tableBytes);
            continue;
          }
          const into = new Uint8Array(encoder.mostBytes(each.headers));
          const end = encoder.encode(into, 0, each);
          assert.ok(end <= into.length);
          const expected = Object.entries(each.headers).flatMap(([name, value]) =>
            [value].flat().map((one) => `${name}: ${one}`),
          );
          assert.deepEqual(decode(decoder, into.subarray(0, end)), [`:status: ${each.status}`, ...expected]);
        }
      }),
    );
  });

  const tokens = fc.constantFrom("a", "b", "c").map((each) => `Bearer ${each.repeat(1_500)}`);
  const request = fc.record({
    method: fc.constantFrom("GET", "POST", "PUT", "DELETE"),
    path: fc.constantFrom("/api/v1/pods", "/api/v1/namespaces/n/pods/p/binding?fieldManager=m"),
    authority: fc.constantFrom("127.0.0.1:6443", "[::1]:6443"),
    headers: fc.record({ accept: fc.constant("application/json"), authorization: tokens, "x-own": values }),
  });

  it("of requests is read as it was meant, also when tokens change until the table is full", () => {
    fc.assert(
      fc.property(fc.array(request, { maxLength: 12 }), (requests) => {
        const encoder = new HpackEncoder();
        const decoder = new HpackDecoder();
        for (const each of requests) {
          const into = new Uint8Array(encoder.mostBytes(each.headers) + each.path.length + each.authority.length);
          const end = encoder.encodeRequest(into, 0, each);
          assert.ok(end <= into.length);
          assert.deepEqual(decode(decoder, into.subarray(0, end)), [
            `:method: ${each.method}`,
            ":scheme: https",
            `:authority: ${each.authority}`,
            `:path: ${each.path}`,
            ...Object.entries(each.headers).map(([name, value]) => `${name}: ${value}`),
          ]);
        }
      }),
    );
  });

  it("a token that comes again is one byte, also after others have filled the table", () => {
    const encoder = new HpackEncoder();
    const into = new Uint8Array(4_000);
    const lengthWith = (token: string): number =>
      encoder.encodeRequest(into, 0, {
        ...{ method: "PUT", path: "/", authority: "h" },
        headers: { authorization: token.repeat(1_500) },
      });
    for (const token of ["a", "b", "c", "c"]) lengthWith(token);
    assert.equal(lengthWith("c"), 7);
  });

  it("a field that comes with every answer is one byte from the second on", () => {
    const encoder = new HpackEncoder();
    const into = new Uint8Array(1000);
    const response = { status: 201, headers: { "content-type": "application/json", vary: "Accept" } };
    encoder.encode(into, 0, response);
    assert.equal(encoder.encode(into, 0, response), 3);
  });
});
