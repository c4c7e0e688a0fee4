import assert from "node:assert/strict";
import { test } from "node:test";
import { describeFlags, FlagError, parseFlags } from "./flags.ts";

const definitions = {
  name: { type: "string", help: "name", shorthand: "n", default: "default" },
  detach: { type: "boolean", help: "detach", shorthand: "d" },
  watch: { type: "boolean", help: "watch", default: "true" },
  port: { type: "integer", help: "port" },
  grace: { type: "duration", help: "grace", default: "1h30m" },
  modes: { type: "list", help: "modes" },
  gates: { type: "map", help: "gates" },
} as const;

test("pflag's forms of one flag mean the same", () => {
  for (const words of [
    ["--name=a"],
    ["--name", "a"],
    ["-n", "a"],
    ["-na"],
    ["-n=a"],
    ["-dna"],
    ["--name", "b", "-n", "a"],
  ])
    assert.equal(parseFlags(definitions, words).values.name, "a", words.join(" "));
});

test("values have their types", () => {
  const { values, positional, given } = parseFlags(definitions, [
    "pods",
    "--port=6443",
    "--modes=Node,RBAC",
    "--modes",
    "Webhook",
    "--gates=A=true,B=false",
    "--watch=false",
    "--grace=1m500ms",
    "--",
    "--name",
  ]);
  assert.deepEqual(values, {
    name: "default",
    detach: false,
    watch: false,
    port: 6443,
    grace: 60_500,
    modes: ["Node", "RBAC", "Webhook"],
    gates: { A: "true", B: "false" },
  });
  assert.deepEqual(positional, ["pods", "--name"]);
  assert.deepEqual([...given].sort(), ["gates", "grace", "modes", "port", "watch"]);
});

test("what cannot be understood is named", () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["--frobnicate"], "unknown flag: --frobnicate"],
    [["--frobnicate=1"], "unknown flag: --frobnicate"],
    [["-x"], "unknown shorthand flag: 'x' in -x"],
    [["--name"], "flag needs an argument: --name"],
    [["--port=many"], 'invalid argument "many" for "--port" flag: strconv.ParseInt: parsing "many": invalid syntax'],
    [
      ["--detach=maybe"],
      'invalid argument "maybe" for "--detach" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    [["--grace=soon"], 'invalid argument "soon" for "--grace" flag: time: invalid duration "soon"'],
    [["--gates=A"], 'invalid argument "A" for "--gates" flag: A must be formatted as key=value'],
  ];
  for (const [words, message] of cases)
    assert.throws(
      () => parseFlags(definitions, words),
      (error) => error instanceof FlagError && error.message === message,
      message,
    );
});

test("help lists flags with their defaults", () => {
  assert.match(describeFlags(definitions), /^ {2}-d, --detach {10,}detach$/m);
  assert.match(describeFlags(definitions), /^ {2}-n, --name string +name \(default default\)$/m);
});

test("a flag that is not implemented is refused with its reason, unless it says nothing", () => {
  const refused = { tracing: { type: "string", help: "", refused: "there are no traces" } } as const;
  assert.throws(() => parseFlags(refused, ["--tracing=file"]), {
    name: "FlagError",
    message: "--tracing is not implemented: there are no traces",
  });
  assert.equal(parseFlags(refused, ["--tracing="]).values.tracing, "");
});

test("a flag may stand without a value", () => {
  const version = { version: { type: "string", help: "", bare: "true" } } as const;
  assert.deepEqual(parseFlags(version, ["--version", "raw"]).positional, ["raw"]);
  assert.equal(parseFlags(version, ["--version", "raw"]).values.version, "true");
  assert.equal(parseFlags(version, ["--version=raw"]).values.version, "raw");
});
