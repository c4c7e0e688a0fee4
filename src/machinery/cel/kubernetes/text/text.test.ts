import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { escapeName, unescapeName } from "./escaping.ts";
import { addressText, NetipError, parseAddress, parsePrefix } from "./ip-text.ts";
import { compareVersions, parseVersion, parseVersionTolerantly, VersionError } from "./semver-text.ts";
import { decodeUrlBase64, isDateTime, parseDateTime, parseGoDuration, parseWordyDuration } from "./string-formats.ts";
import {
  escapedPath,
  hostname,
  parseRequestUri,
  parseUrl,
  port,
  queryParameters,
  UrlError,
  urlText,
} from "./url-text.ts";

const messageOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof NetipError || error instanceof UrlError || error instanceof VersionError) return error.message;
    throw error;
  }
  return "";
};

test("property names and identifiers", () => {
  const table: readonly (readonly [string, string | undefined])[] = [
    ["plain", "plain"],
    ["a-b.c/d", "a__dash__b__dot__c__slash__d"],
    ["a__b", "a__underscores__b"],
    ["___", "__underscores___"],
    ["in", "__in__"],
    ["namespace", "__namespace__"],
    ["int", "int"],
    ["1a", undefined],
    ["a b", undefined],
    ["", undefined],
    ["é", undefined],
  ];
  for (const [name, identifier] of table) assert.equal(escapeName(name), identifier, name);
  for (const identifier of ["__nope__", "a__in__b"]) assert.equal(unescapeName(identifier), undefined);
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z_./-][a-z0-9_./-]*$/), (name) => {
      const identifier = escapeName(name);
      // A run of three underscores and more is ambiguous, in upstream too.
      return identifier === undefined || /___/.test(name) || unescapeName(identifier) === name;
    }),
  );
});

test("addresses print as they are read", () => {
  for (const text of ["0.0.0.0", "255.255.255.255", "::", "::1", "2001:db8::1:0:0:1", "::ffff:1.2.3.4", "fe80::1%eth0"])
    assert.equal(addressText(parseAddress(text)), text);
  fc.assert(fc.property(fc.ipV4(), (text) => addressText(parseAddress(text)) === text));
  fc.assert(
    fc.property(fc.ipV6(), (text) => {
      const address = parseAddress(text);
      return parseAddress(addressText(address)).bits === address.bits;
    }),
  );
});

test("errors of addresses are Go's", () => {
  const table: readonly (readonly [string, string])[] = [
    ["x", "unable to parse IP"],
    ["%1", "missing IPv6 address"],
    ["1.2.3", "IPv4 address too short"],
    ["1.2.3.4.5", "IPv4 address too long"],
    ["1.2.3.256", "IPv4 field has value >255"],
    ["01.2.3.4", "IPv4 field has octet with leading zero"],
    ["1..2.3", 'IPv4 field must have at least one digit (at ".2.3")'],
    ["1.2.3.a", 'unexpected character (at "a")'],
    ["1:2", "address string too short"],
    ["::1::", 'multiple :: in address (at ":")'],
    ["12345::", 'each group must have 4 or less digits (at "12345::")'],
    ["1:2:3:4:5:6:7:8:9", 'trailing garbage after address (at "9")'],
    ["::1%", "zone must be a non-empty string"],
    ["1::2:3:4:5:6:7:8", "the :: must expand to at least one field of zeros"],
    ["1:", 'colon must be followed by more characters (at ":")'],
    ["::g", 'each colon-separated field must have at least one digit (at "g")'],
  ];
  for (const [text, message] of table)
    assert.equal(
      messageOf(() => parseAddress(text)),
      `ParseAddr("${text}"): ${message}`,
    );
  const prefixes: readonly (readonly [string, string])[] = [
    ["1.2.3.4", "no '/'"],
    ["1.2.3.4/33", "prefix length out of range"],
    ["1.2.3.4/08", 'bad bits after slash: "08"'],
    ["1.2.3.4/", 'bad bits after slash: ""'],
    ["::1%a/8", "IPv6 zones cannot be present in a prefix"],
    ["1.2/8", 'ParseAddr("1.2"): IPv4 address too short'],
  ];
  for (const [text, message] of prefixes)
    assert.equal(
      messageOf(() => parsePrefix(text)),
      `netip.ParsePrefix("${text}"): ${message}`,
    );
});

test("URLs as Go reads them", () => {
  const url = parseUrl("https://u:p%40@[::1]:80/a%20b/c%2Fd?x=1&y=2&x=3&;z=1#f%20g");
  assert.equal(url.scheme, "https");
  assert.equal(url.host, "[::1]:80");
  assert.equal(hostname(url), "::1");
  assert.equal(port(url), "80");
  assert.equal(escapedPath(url), "/a%20b/c%2Fd");
  assert.deepEqual(
    [...queryParameters(url)],
    [
      ["x", ["1", "3"]],
      ["y", ["2"]],
    ],
  );
  for (const text of ["https://u:p%40@[::1]:80/a%20b/c%2Fd?x=1#f%20g", "mailto:a@b", "/p?q", "http://h/?", "x:/y"])
    assert.equal(urlText(parseUrl(text)), text);
  const errors: readonly (readonly [string, string])[] = [
    ["", 'parse "": empty url'],
    ["a", 'parse "a": invalid URI for request'],
    [":a", 'parse ":a": missing protocol scheme'],
    ["http://a b/", 'parse "http://a b/": invalid character " " in host name'],
    ["http://h:x/", 'parse "http://h:x/": invalid port ":x" after host'],
    ["/%zz", 'parse "/%zz": invalid URL escape "%zz"'],
    ["http://[::1", "parse \"http://[::1\": missing ']' in host"],
    ["/a\u0001", 'parse "/a\\x01": net/url: invalid control character in URL'],
  ];
  for (const [text, message] of errors)
    assert.equal(
      messageOf(() => parseRequestUri(text)),
      message,
    );
});

test("versions are read and ordered", () => {
  const order = ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0", "1.0.1"];
  for (const [index, version] of order.entries())
    for (const [other, text] of order.entries())
      assert.equal(compareVersions(parseVersion(version), parseVersion(text)), Math.sign(index - other));
  const errors: readonly (readonly [string, string])[] = [
    ["", "Version string empty"],
    ["1.2", "No Major.Minor.Patch elements found"],
    ["v1.2.3", 'Invalid character(s) found in major number "v1"'],
    ["1.02.3", 'Minor number must not contain leading zeroes "02"'],
    ["1.2.3-01", 'Numeric PreRelease version must not contain leading zeroes "01"'],
    ["1.2.3-", "Prerelease is empty"],
    ["1.2.3+", "Build meta data is empty"],
    ["1..3", 'strconv.ParseUint: parsing "": invalid syntax'],
  ];
  for (const [text, message] of errors)
    assert.equal(
      messageOf(() => parseVersion(text)),
      message,
    );
  assert.equal(compareVersions(parseVersionTolerantly("v01.2"), parseVersion("1.2.0")), 0);
  assert.equal(
    messageOf(() => parseVersionTolerantly("1-a")),
    "short version cannot contain PreRelease/Build meta data",
  );
});

test("string formats", () => {
  assert.equal(parseGoDuration("-1h30m1.5s"), -5_401_500_000_000n);
  assert.equal(parseGoDuration("1d"), undefined);
  assert.equal(parseWordyDuration("2 days 3 hours"), 183_600_000_000_000n);
  assert.equal(parseWordyDuration("soon"), undefined);
  assert.deepEqual(parseDateTime("1970-01-01T01:00:00.5+01:00"), { nanos: 500_000_000n, offsetSeconds: 3600 });
  assert.equal(parseDateTime("1970-02-30T00:00:00Z"), undefined);
  assert.ok(isDateTime("2024-02-29T23:59:59Z") && !isDateTime("2023-02-29T23:59:59Z"));
  assert.deepEqual(decodeUrlBase64("-_8="), Uint8Array.of(0xfb, 0xff));
  assert.equal(decodeUrlBase64("a+b="), "illegal base64 data at input byte 1");
});
