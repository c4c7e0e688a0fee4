import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { findings } from "../validate.ts";
import {
  cidrWarnings,
  formatCidr,
  formatIp,
  ipWarnings,
  isDualStack,
  legacyCidr,
  legacyIp,
  parseCidr,
  parseIp,
  strictIp,
} from "./ip.ts";

const texts: readonly (readonly [string, string | undefined])[] = [
  ["10.1.2.3", "10.1.2.3"],
  ["010.001.002.003", "10.1.2.3"],
  ["::ffff:10.1.2.3", "10.1.2.3"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["::", "::"],
  ["1::", "1::"],
  ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["10.1.2", undefined],
  ["10.1.2.256", undefined],
  ["1::2::3", undefined],
  ["1:2:3:4:5:6:7", undefined],
  ["fe80::1%eth0", undefined],
  ["", undefined],
  ["a/b", undefined],
];

test("addresses are read sloppily and written canonically", () => {
  for (const [text, canonical] of texts) {
    const ip = parseIp(text);
    assert.equal(ip && formatIp(ip.bytes), canonical, text);
  }
});

test("what is written is read back", () => {
  const bytes = fc.oneof(
    fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }),
    fc.array(fc.oneof(fc.constant(0), fc.nat(255)), { minLength: 16, maxLength: 16 }),
  );
  fc.assert(
    fc.property(bytes, (address) => {
      const read = parseIp(formatIp(address));
      assert.ok(read !== undefined);
      if (!read.mapped && address.length === read.bytes.length) assert.deepEqual(read.bytes, address);
    }),
  );
});

test("a network has no bits behind its prefix", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(255), { minLength: 4, maxLength: 4 }), fc.nat(32), (address, prefix) => {
      const cidr = parseCidr(`${formatIp(address)}/${prefix}`);
      assert.ok(cidr !== undefined);
      assert.deepEqual(findings(formatCidr(cidr), legacyCidr, "f"), []);
    }),
  );
});

test("findings and warnings use upstream's texts", () => {
  const first = (found: readonly { message: string }[]): string | undefined => found[0]?.message;
  assert.equal(first(findings("010.0.0.1", legacyIp, "f")), 'Invalid value: "010.0.0.1": must not have leading 0s');
  assert.equal(
    first(findings("2001:DB8::1", strictIp, "f")),
    'Invalid value: "2001:DB8::1": must be in canonical form ("2001:db8::1")',
  );
  assert.equal(
    first(findings("10.0.0.1/8", legacyCidr, "f")),
    'Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length',
  );
  assert.deepEqual(ipWarnings("f", "2001:DB8::1"), [
    'f: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
  ]);
  assert.deepEqual(cidrWarnings("f", "10.0.0.1/8"), [
    'f: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
  ]);
  assert.equal(isDualStack(["10.0.0.1", "::1"]), true);
  assert.equal(isDualStack(["10.0.0.1", "10.0.0.2"]), false);
});
