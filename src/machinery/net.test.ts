import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as net from "./net.ts";

test("addresses: canonical text, or none", () => {
  const rows: [string, string | undefined][] = [
    ["10.0.0.1", "10.0.0.1"],
    ["010.0.0.01", "10.0.0.1"],
    ["256.0.0.1", undefined],
    ["1.2.3", undefined],
    ["::", "::"],
    ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
    ["1:0:0:2:0:0:0:3", "1:0:0:2::3"],
    ["::ffff:1.2.3.4", "1.2.3.4"],
    ["1::2::3", undefined],
    ["1:2:3:4:5:6:7", undefined],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["64:ff9b::1.2.3.4", "64:ff9b::102:304"],
    ["", undefined],
  ];
  for (const [text, expected] of rows) assert.equal(net.canonicalIp(text), expected, text);
});

test("blocks: host bits are cut, containment and overlap", () => {
  const block = net.parseCidr("10.1.2.3/16")!;
  assert.equal(net.formatCidr(block), "10.1.0.0/16");
  assert.equal(net.cidrSize(block), 65536n);
  assert.equal(net.formatIp(net.cidrAddress(block, 258n)), "10.1.1.2");
  assert.ok(net.cidrContains(block, net.parseIp("10.1.255.255")!));
  assert.ok(!net.cidrContains(block, net.parseIp("10.2.0.0")!));
  assert.ok(!net.cidrContains(block, net.parseIp("::1")!));
  assert.ok(net.cidrsOverlap(net.parseCidr("10.0.0.0/8")!, block));
  assert.ok(!net.cidrsOverlap(net.parseCidr("fd00::/8")!, block));
  for (const text of ["10.0.0.0", "10.0.0.0/33", "10.0.0.0/x", "::/129"])
    assert.equal(net.parseCidr(text), undefined, text);
});

test("findings and warnings in upstream's words", () => {
  assert.deepEqual(net.legacyIp("x"), ["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"]);
  assert.deepEqual(net.legacyIp("010.0.0.1"), []);
  assert.deepEqual(net.strictIp("010.0.0.1"), ["must not have leading 0s"]);
  assert.deepEqual(net.strictIp("::ffff:1.2.3.4"), ["must not be an IPv4-mapped IPv6 address"]);
  assert.deepEqual(net.strictIp("2001:DB8::1"), ['must be in canonical form ("2001:db8::1")']);
  assert.deepEqual(net.strictCidr("10.0.0.1/8"), ["must not have bits set beyond the prefix length"]);
  assert.deepEqual(net.strictCidr("10.0.0.0/08"), ["must not have leading 0s in IP or prefix length"]);
  assert.deepEqual(net.strictCidr("fd00::/8"), []);
  assert.deepEqual(net.ipWarnings("spec.ip", "010.0.0.1"), [
    'spec.ip: non-standard IP address "010.0.0.1" is invalid: use "10.0.0.1"',
  ]);
  assert.deepEqual(net.cidrWarnings("spec.cidr", "10.0.0.1/8"), [
    'spec.cidr: CIDR value "10.0.0.1/8" is ambiguous in this context (should be "10.0.0.0/8" or "10.0.0.1/32"?)',
  ]);
});

test("printed addresses read back as the same bits", () => {
  const v4 = fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((bits): net.IpAddress => ({ family: 4, bits }));
  const v6 = fc.bigInt({ min: 2n ** 64n, max: 2n ** 128n - 1n }).map((bits): net.IpAddress => ({ family: 6, bits }));
  fc.assert(fc.property(fc.oneof(v4, v6), (ip) => assert.deepEqual(net.parseIp(net.formatIp(ip)), ip)));
});
