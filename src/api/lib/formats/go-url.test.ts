import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGoUrl } from "./go-url.ts";

const good: readonly (readonly [string, string, string, string])[] = [
  ["https://a.b/c", "https", "a.b", "/c"],
  ["HTTPS://a.b:443", "https", "a.b:443", ""],
  ["https://[::1]:8443/x?y#z", "https", "[::1]:8443", "/x"],
  ["a.b/c", "", "", "a.b/c"],
  ["mailto:x", "mailto", "", ""],
  ["", "", "", ""],
];
for (const [text, scheme, host, path] of good)
  test(`${JSON.stringify(text)} is read as Go reads it`, () => {
    const parsed = parseGoUrl(text);
    assert.ok("url" in parsed, JSON.stringify(parsed));
    assert.deepEqual([parsed.url.scheme, parsed.url.host, parsed.url.path], [scheme, host, path]);
  });

const bad: readonly (readonly [string, string])[] = [
  ["://x", 'parse "://x": missing protocol scheme'],
  ["1a:b", 'parse "1a:b": first path segment in URL cannot contain colon'],
  ["https://a:b/c", 'parse "https://a:b/c": invalid port ":b" after host'],
  ["https://a/%zz", 'parse "https://a/%zz": invalid URL escape "%zz"'],
  ["https://[::1/x", `parse "https://[::1/x": missing ']' in host`],
  ["https://a b/", 'parse "https://a b/": invalid character " " in host name'],
  ["a\nb", 'parse "a\\nb": net/url: invalid control character in URL'],
];
for (const [text, error] of bad)
  test(`${JSON.stringify(text)} is refused in Go's words`, () => assert.deepEqual(parseGoUrl(text), { error }));
