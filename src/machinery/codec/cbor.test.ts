import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { StatusError } from "../errors.ts";
import { builtinSchemas } from "../schema.ts";
import { diagnoseCbor } from "./cbor-diagnose.ts";
import { parseCbor } from "./cbor-read.ts";
import { CborError } from "./cbor-wellformed.ts";
import { encodeCbor, encodeCborEvent } from "./cbor-write.ts";
import { decodeObject } from "./codec.ts";
import { deepest, plainCopy } from "./json-text.ts";

const bytes = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
const hexOf = (data: Uint8Array): string => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");
const plain = (hex: string): unknown => plainCopy(parseCbor(bytes(hex)).value);
const untagged = (value: unknown): string => hexOf(encodeCbor(value)).slice(6);

/** RFC 8949, appendix A. */
const vectors: readonly (readonly [hex: string, value: unknown])[] = [
  ["00", 0],
  ["17", 23],
  ["1818", 24],
  ["1903e8", 1000],
  ["1a000f4240", 1000000],
  ["1b000000e8d4a51000", 1000000000000],
  ["20", -1],
  ["3863", -100],
  ["3903e7", -1000],
  ["1b7fffffffffffffff", 9223372036854775807n],
  ["3b7fffffffffffffff", -9223372036854775808n],
  ["f90000", 0],
  ["f93c00", 1],
  ["fb3ff199999999999a", 1.1],
  ["f93e00", 1.5],
  ["f97bff", 65504],
  ["fa47c35000", 100000],
  ["fa7f7fffff", 3.4028234663852886e38],
  ["fb7e37e43c8800759c", 1e300],
  ["f90001", 2 ** -24],
  ["f90400", 0.00006103515625],
  ["f9c400", -4],
  ["fbc010666666666666", -4.1],
  ["f4", false],
  ["f5", true],
  ["f6", null],
  ["c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"],
  ["c11a514b67b0", "2013-03-21T20:04:00Z"],
  ["c1fb41d452d9ec200000", "2013-03-21T20:04:00.5Z"],
  ["d74401020304", "01020304"],
  ["d818456449455446", "dIETF"],
  ["d82076687474703a2f2f7777772e6578616d706c652e636f6d", "http://www.example.com"],
  ["40", ""],
  ["d64401020304", "AQIDBA=="],
  ["d543fbffbe", "-_--"],
  ["60", ""],
  ["6161", "a"],
  ["62225c", '"\\'],
  ["62c3bc", "ü"],
  ["64f0908591", "𐅑"],
  ["80", []],
  ["8301820203820405", [1, [2, 3], [4, 5]]],
  ["a0", {}],
  ["a26161016162820203", { a: 1, b: [2, 3] }],
  ["5f42010243030405ff", "\u0001\u0002\u0003\u0004\u0005"],
  ["7f657374726561646d696e67ff", "streaming"],
  ["9fff", []],
  ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
  ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
  ["d9d9f7a1d9d9f7416101", { a: 1 }],
];

for (const [hex, value] of vectors) test(`reads ${hex}`, () => assert.deepEqual(plain(hex), value));

/** What upstream's decoder says of them. */
const refused: readonly (readonly [hex: string, message: string])[] = [
  ["", "EOF"],
  ["19", "unexpected EOF"],
  ["6261", "unexpected EOF"],
  ["a1", "unexpected EOF"],
  ["c0", "unexpected EOF"],
  ["0000", "cbor: 1 bytes of extraneous data starting at index 1"],
  ["1c", "cbor: invalid additional information 28 for type positive integer"],
  ["1f", "cbor: invalid additional information 31 for type positive integer"],
  ["ff", 'cbor: unexpected "break" code'],
  ["bf00ff", 'cbor: unexpected "break" code'],
  ["f818", "cbor: invalid simple value 24 for type primitives"],
  ["f7", "cbor: data item of cbor type primitives is not accepted by protocol: simple value 23 is not recognized"],
  ["f820", "cbor: data item of cbor type primitives is not accepted by protocol: simple value 32 is not recognized"],
  ["f97c00", "cbor: data item of cbor type primitives is not accepted by protocol: floating-point infinity"],
  ["fb7ff8000000000000", "cbor: data item of cbor type primitives is not accepted by protocol: floating-point NaN"],
  ["c249010000000000000000", "cbor: data item of cbor type tag is not accepted by protocol: bignum"],
  ["61ff", "cbor: invalid UTF-8 string"],
  ["a2616101616102", 'cbor: found duplicate map key "a" at map element index 1'],
  ["a1616ba2416101616102", 'cbor: found duplicate map key "a" at map element index 1'],
  ["a10102", "cbor: cannot unmarshal positive integer into Go value of type string"],
  ["c001", "cbor: tag number 0 must be followed by text string, got positive integer"],
  ["c16130", "cbor: tag number 1 must be followed by integer or floating-point number, got UTF-8 text string"],
  ["5f6161ff", "cbor: wrong element type UTF-8 text string for indefinite-length byte string"],
  ["5f5fffff", "cbor: indefinite-length byte string chunk is not definite-length"],
  ["5bffffffffffffffff", "cbor: byte string length 18446744073709551615 is too large, causing integer overflow"],
  ["9bffffffffffffffff", "cbor: array length 18446744073709551615 is too large, it would cause integer overflow"],
  ["81".repeat(deepest + 1), `cbor: exceeded max nested level ${deepest}`],
];

for (const [hex, message] of refused)
  test(`refuses ${hex.slice(0, 24)}`, () =>
    assert.throws(
      () => parseCbor(bytes(hex)),
      (error) => error instanceof CborError && error.message === message,
    ));

/** Written deterministically: RFC 8949, 4.2.1. */
const written: readonly (readonly [value: unknown, hex: string])[] = [
  [{ bb: 1, a: true, c: undefined }, "a24161f542626201"],
  [["ü", null, -1, 23, 24, 4294967296], "8642c3bcf6201718181b0000000100000000"],
  [9223372036854775807n, "1b7fffffffffffffff"],
  [-9223372036854775808n, "3b7fffffffffffffff"],
  [1.5, "f93e00"],
  [-0, "f98000"],
  [100000.5, "fa47c35040"],
  [1.1, "fb3ff199999999999a"],
  [2 ** -24, "f90001"],
  [65504.5, "fa477fe080"],
];

for (const [value, hex] of written) test(`writes ${hex}`, () => assert.equal(untagged(value), hex));

test("bytes and floats are known by the schema", () => {
  const schemas = builtinSchemas();
  const schema = schemas.ofKind({ group: "", version: "v1", kind: "Secret" });
  assert.equal(hexOf(encodeCbor({ data: { a: "AQID" } }, { schema, schemas })), "d9d9f7a14464617461a14161d643010203");
  assert.equal(hexOf(encodeCbor({ n: 3 }, { schema: { p: { n: { t: "number" } } }, schemas })), "d9d9f7a1416ef94200");
});

test("an event holds an object with the tag of its own", () =>
  assert.equal(
    hexOf(encodeCborEvent("ADDED", encodeCbor({}))),
    "d9d9f7a24474797065454144444544466f626a656374d9d9f7a0",
  ));

const name = fc.oneof(fc.string(), fc.string({ unit: "binary" }), fc.constantFrom("__proto__", "1", "10", "2"));
const { value: anyValue } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.string({ unit: "grapheme" }),
    fc.boolean(),
    fc.constant(null),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(name, tie("value"), { maxKeys: 5 }),
  ),
}));

const wellFormed = (value: unknown): unknown => {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (Array.isArray(value)) return value.map(wellFormed);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key.toWellFormed(), wellFormed(each)]));
};

test("what is written is read again", () =>
  fc.assert(
    fc.property(anyValue, (value) => {
      const expected = wellFormed(value);
      const read = plainCopy(parseCbor(encodeCbor(expected)).value);
      // Zero has one sign in an API object.
      assert.deepEqual(withoutSign(read), withoutSign(expected));
      assert.deepEqual(encodeCbor(expected), encodeCbor(read));
    }),
    { numRuns: 300 },
  ));

const withoutSign = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, each) => (typeof each === "bigint" ? `${each}` : each)));

test("any bytes are a value or a refusal", () => {
  const gvk = { group: "", version: "v1", kind: "Pod" };
  const schemas = builtinSchemas();
  const schema = schemas.ofKind(gvk)!;
  const seeds = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.tuple(anyValue, fc.nat(), fc.integer({ min: 0, max: 255 })).map(([value, at, byte]) => {
      const data = encodeCbor({
        apiVersion: "v1",
        kind: "Pod",
        metadata: wellFormed(value),
        spec: { containers: [wellFormed(value)] },
      });
      data[at % data.length] = byte;
      return data;
    }),
  );
  fc.assert(
    fc.property(seeds, (data) => {
      for (const expect of [gvk, undefined]) {
        try {
          decodeObject(data, {
            mediaType: "application/cbor",
            fieldValidation: "Strict",
            schemas,
            ...(expect === undefined ? {} : { schema, expect }),
          });
          diagnoseCbor(data);
        } catch (error) {
          if (!(error instanceof StatusError)) throw error;
        }
      }
    }),
    { numRuns: 400 },
  );
});

const shown: readonly (readonly [hex: string, notation: string])[] = [
  ["d9d9f7a24161f56162824120f93c00", `55799({'a': true, "b": [' ', 1.0]})`],
  ["3bffffffffffffffff", "-18446744073709551616"],
  ["9f5f4161ff7fffff", `[_ (_ 'a'), ""_]`],
  ["f7", "undefined"],
];

for (const [hex, notation] of shown) test(`shows ${notation}`, () => assert.equal(diagnoseCbor(bytes(hex)), notation));

const pod = (of: object): Uint8Array => encodeCbor({ apiVersion: "v1", kind: "Pod", ...of });
const decodePod = (data: Uint8Array, fieldValidation: "Strict" | "Warn" | "Ignore" = "Strict") => {
  const schemas = builtinSchemas();
  const expect = { group: "", version: "v1", kind: "Pod" };
  const schema = schemas.ofKind(expect)!;
  return decodeObject(data, { mediaType: "application/cbor", fieldValidation, schema, schemas, expect });
};

const cannot = 'Pod in version "v1" cannot be handled as a Pod: ';
const bodies: readonly (readonly [what: string, data: Uint8Array, message: string])[] = [
  [
    "a type of a field is wrong",
    pod({ spec: { containers: [{ name: 1 }] } }),
    `${cannot}cbor: cannot unmarshal positive integer into Go struct field v1.Pod.spec of type string`,
  ],
  [
    "a number does not fit",
    pod({ spec: { priority: 4294967296 } }),
    `${cannot}cbor: cannot unmarshal positive integer into Go struct field v1.Pod.spec of type int32 (4294967296 overflows int32)`,
  ],
  [
    "a field is not known",
    pod({ spec: { bogus: 1, containers: [] } }),
    `${cannot}strict decoding error: cbor: found unknown field at map element index 0`,
  ],
  [
    "the kind is no text",
    encodeCbor({ apiVersion: "v1", kind: 1 }),
    "the object provided is unrecognized (must be of type Pod): unable to determine group/version/kind: cbor: cannot unmarshal positive integer into Go struct field v1.TypeMeta.kind of type string (d9d9f7a2446b696e64014a61706956657273696f6e427631)",
  ],
  [
    "a list is no object",
    bytes("80"),
    "the object provided is unrecognized (must be of type Pod): unable to determine group/version/kind: cbor: cannot unmarshal array into Go value of type v1.TypeMeta (cannot decode CBOR array to struct without toarray option) (80)",
  ],
];

for (const [what, data, message] of bodies)
  test(`body: ${what}`, () => assert.throws(() => decodePod(data), { code: 400, message }));

test("body: floats are no integers, whatever their fraction", () =>
  assert.throws(() => decodePod(bytes("a14473706563a1487072696f72697479f93c00")), {
    message: `${cannot}cbor: cannot unmarshal primitives into Go struct field v1.Pod.spec of type int32`,
  }));

test("body: very many values are too many", () =>
  assert.throws(() => decodePod(encodeCbor({ a: new Array(400_000).fill(0) })), { code: 413 }));
