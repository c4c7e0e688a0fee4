import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { type ApiRequest, withResourceVersion } from "../../machinery/index.ts";
import { indentJson, jsonBody } from "./json-body.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

test("indents as JSON.stringify does, and leaves numbers as they are written", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const indented = decoder.decode(indentJson(encoder.encode(JSON.stringify(value))));
      assert.equal(indented, JSON.stringify(value, undefined, 2));
    }),
  );
  const exact = '{"a":[],"b":{},"c":[12345678901234567890,1.0]}';
  const expected = '{\n  "a": [],\n  "b": {},\n  "c": [\n    12345678901234567890,\n    1.0\n  ]\n}';
  assert.equal(decoder.decode(indentJson(encoder.encode(exact))), expected);
});

test("who gets indented JSON", () => {
  const cases: readonly [agent: string | undefined, pretty: string | undefined, indented: boolean][] = [
    [undefined, undefined, false],
    ["kubectl/v1.36.3", undefined, false],
    ["curl/8.5.0", undefined, true],
    ["Wget/1.21", undefined, true],
    ["Mozilla/5.0 (X11)", undefined, true],
    ["curl/8.5.0", "false", false],
    ["curl/8.5.0", "nonsense", false],
    ["curl/8.5.0", "", true],
    ["kubectl/v1.36.3", "true", true],
    ["kubectl/v1.36.3", "1", true],
  ];
  for (const [agent, pretty, indented] of cases) {
    const request: ApiRequest = {
      method: "GET",
      path: "/",
      headers: agent === undefined ? {} : { "user-agent": agent },
      ...(pretty === undefined ? {} : { query: new URLSearchParams({ pretty }) }),
    };
    const text = jsonBody(request, encoder.encode('{"a":1}'))
      .map((each) => decoder.decode(each))
      .join("");
    assert.equal(text, indented ? '{\n  "a": 1\n}' : '{"a":1}\n', `${agent} ${pretty}`);
  }
});

test("what is cached is answered with its newline from the same memory, anything else from a copy", () => {
  const request: ApiRequest = { method: "GET", path: "/", headers: {} };
  const cached = withResourceVersion(encoder.encode('{"kind":"A","apiVersion":"v1","metadata":{"name":"a"}}'), 7);
  const text = '{"kind":"A","apiVersion":"v1","metadata":{"resourceVersion":"7","name":"a"}}';
  assert.equal(decoder.decode(cached), text);
  const [whole, ...rest] = jsonBody(request, cached);
  assert.deepEqual([decoder.decode(whole), rest.length], [`${text}\n`, 0]);
  assert.equal(whole?.buffer, cached.buffer);
  const other = encoder.encode("{}");
  assert.deepEqual(
    jsonBody(request, other).map((chunk) => decoder.decode(chunk)),
    ["{}\n"],
  );
  assert.equal(decoder.decode(other), "{}");
});
