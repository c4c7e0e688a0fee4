import assert from "node:assert/strict";
import { test } from "node:test";
import { seededRng } from "../base/index.ts";
import { scaledIntOrPercent } from "./int-or-string.ts";
import * as names from "./names.ts";

const subdomain =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const keyName =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

test("checks answer with upstream's texts", () => {
  const long = "x".repeat(254);
  const rows: [names.NameCheck, string, string[]][] = [
    [names.dns1123Subdomain, "a.b-c", []],
    [names.dns1123Subdomain, "A", [subdomain]],
    [names.dns1123Subdomain, long, ["must be no more than 253 characters"]],
    [names.dns1123Label, "a.b", ["must not contain dots"]],
    [names.dns1123Label, "x".repeat(64), ["must be no more than 63 characters"]],
    [
      names.dns1035Label,
      "1a",
      [
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')",
      ],
    ],
    [names.qualifiedName, "a.io/b", []],
    [names.qualifiedName, "/x", ["prefix part must be non-empty"]],
    [names.qualifiedName, "a b", [keyName]],
    [names.qualifiedName, "", ["name part must be non-empty", keyName]],
    [names.qualifiedName, "x".repeat(64), ["name part must be no more than 63 bytes"]],
    [names.labelValue, "", []],
    [names.labelValue, "x".repeat(64), ["must be no more than 63 bytes"]],
    [names.pathSegmentName, "..", ["may not be '..'"]],
    [names.pathSegmentName, "a/b%", ["may not contain '/'", "may not contain '%'"]],
    [names.portName, "http", []],
    [
      names.portName,
      "1--",
      [
        "must contain at least one letter (a-z)",
        "must not contain consecutive hyphens",
        "must not begin or end with a hyphen",
      ],
    ],
    [names.configMapKey, "..", ["must not be '..'"]],
    [names.configMapKey, "..a", ["must not start with '..'"]],
    [names.relaxedEnvVarName, "a b", []],
    [
      names.relaxedEnvVarName,
      "a=b",
      ["a valid environment variable name must consist only of printable ASCII characters other than '='"],
    ],
  ];
  for (const [check, value, expected] of rows) assert.deepEqual(check(value), expected, value);
  assert.deepEqual(names.portNumber(0), ["must be between 1 and 65535, inclusive"]);
  assert.deepEqual(names.nameOrPrefix(names.dns1123Label)("abc-", true), []);
  assert.notDeepEqual(names.nameOrPrefix(names.dns1123Label)("abc-", false), []);
});

test("lengths count UTF-8 bytes", () => {
  for (const text of ["", "a", "é", "€", "😀", "a😀é", "\ud800"])
    assert.equal(names.utf8Length(text), new TextEncoder().encode(text).length, text);
});

test("generated names are cut to 63 characters and replay from a seed", () => {
  const name = names.generateName("x".repeat(80), seededRng(1));
  assert.equal(name.length, 63);
  assert.match(name, /^x{58}[bcdfghjklmnpqrstvwxz2456789]{5}$/);
  assert.equal(names.generateName("a-", seededRng(7)), names.generateName("a-", seededRng(7)));
});

test("numbers or percentages", () => {
  assert.equal(scaledIntOrPercent("25%", { total: 10, round: "up" }), 3);
  assert.equal(scaledIntOrPercent("25%", { total: 10, round: "down" }), 2);
  assert.equal(scaledIntOrPercent(4, { total: 10, round: "up" }), 4);
  assert.throws(() => scaledIntOrPercent("4", { total: 1, round: "up" }), {
    message: "invalid value for IntOrString: invalid type: string is not a percentage",
  });
  assert.throws(() => scaledIntOrPercent("x%", { total: 1, round: "up" }), {
    message: 'invalid value for IntOrString: invalid value "x%": strconv.Atoi: parsing "x": invalid syntax',
  });
});
