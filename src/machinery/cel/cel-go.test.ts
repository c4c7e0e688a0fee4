// Expressions as cel-go 0.26 answers them with the options of Kubernetes: errors of all phases with their texts,
// types, values and costs. testdata/cel-go.json holds generated expressions and such as people write.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe as group, it } from "node:test";
import fc from "fast-check";
import {
  type Activation,
  ArrayList,
  BINDINGS,
  BOOL,
  type CelType,
  CelUint,
  compile,
  createEnv,
  createProgram,
  DOUBLE,
  DURATION_LITERALS,
  DYN,
  describe,
  ENCODERS,
  EntryMap,
  FORMAT_LITERALS,
  HOMOGENEOUS_LITERALS,
  INT,
  isError,
  listOf,
  lists,
  mapOf,
  math,
  optionalOf,
  optionalTypes,
  REGEX_LITERALS,
  SETS,
  STANDARD,
  STRING,
  strings,
  TIMESTAMP_LITERALS,
  TWO_VARIABLE_COMPREHENSIONS,
  UINT,
  type Value,
} from "./index.ts";

interface Answer {
  readonly expr: string;
  readonly error?: string;
  readonly plan?: string;
  readonly eval?: string;
  readonly type?: string;
  readonly value?: string;
  readonly cost?: number;
}

const answers: readonly Answer[] = JSON.parse(readFileSync(new URL("./testdata/cel-go.json", import.meta.url), "utf8"));

const TYPES: Readonly<Record<string, CelType>> = {
  x: INT,
  s: STRING,
  l: listOf(INT),
  m: mapOf(STRING, INT),
  d: DYN,
  b: BOOL,
  o: optionalOf(INT),
  ls: listOf(STRING),
  f: DOUBLE,
  u: UINT,
  mm: mapOf(STRING, mapOf(STRING, STRING)),
};

const env = createEnv({
  libraries: [
    STANDARD,
    optionalTypes(),
    strings(2),
    lists(3),
    SETS,
    TWO_VARIABLE_COMPREHENSIONS,
    BINDINGS,
    ENCODERS,
    math(2),
  ],
  crossTypeNumericComparisons: true,
  validators: [DURATION_LITERALS, TIMESTAMP_LITERALS, REGEX_LITERALS, HOMOGENEOUS_LITERALS, FORMAT_LITERALS],
  variables: Object.entries(TYPES).map(([name, type]) => ({ name, type })),
});

const list = (...items: Value[]): Value => new ArrayList(items);
const map = (...entries: (readonly [Value, Value])[]): Value => new EntryMap(entries);

const VARIABLES: Activation = {
  x: 3n,
  s: "héllo",
  l: list(1n, 2n, 3n),
  m: map(["a", 1n], ["b", 2n]),
  d: map(["k", "v"], ["n", 7n], ["l", list(1n, "a")]),
  b: true,
  ls: list("a", "bb", "ccc"),
  f: 2.5,
  u: new CelUint(4n),
  mm: map(["p", map(["q", "r"])]),
};

/** Our answer in the form of the file. */
function answer(expr: string, activation = VARIABLES): Answer {
  const compiled = compile(env, expr);
  if (compiled.ast === undefined) return { expr, error: compiled.text };
  const type = String(compiled.ast.outputType);
  const program = createProgram(env, compiled.ast, { presenceTestHasCost: false, costLimit: 1_000_000 });
  if (isError(program)) return { expr, plan: program.message, type };
  const { value, cost } = program.evaluate(activation);
  const spent = cost === 0 ? {} : { cost };
  if (isError(value)) return { expr, eval: value.message, type, ...spent };
  return ["bool", "int", "uint", "string"].includes(type)
    ? { expr, type, value: describe(value), ...spent }
    : { expr, type, ...spent };
}

group("CEL beside cel-go", () => {
  it("answers the same", () => {
    const ours = answers.map(({ expr }) => answer(expr));
    assert.deepEqual(ours, answers);
  });

  it("keeps 64-bit arithmetic within its bounds or says overflow", () => {
    const bounds = { min: -(2n ** 63n), max: 2n ** 63n - 1n };
    const operators = [
      ["+", (a: bigint, b: bigint): bigint => a + b],
      ["-", (a: bigint, b: bigint): bigint => a - b],
      ["*", (a: bigint, b: bigint): bigint => a * b],
    ] as const;
    fc.assert(
      fc.property(fc.bigInt(bounds), fc.bigInt(bounds), fc.constantFrom(...operators), (a, b, [sign, apply]) => {
        const exact = apply(a, b);
        const fits = exact >= bounds.min && exact <= bounds.max;
        const got = answer(`x ${sign} int("${b}")`, { x: a });
        assert.equal(fits ? got.value : got.eval, fits ? String(exact) : "integer overflow");
      }),
    );
  });

  it("reads back every string it quotes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const quoted = answer("strings.quote(s)", { s: text }).value ?? "";
        assert.equal(answer(quoted).value, text.toWellFormed());
      }),
    );
  });

  it("ends an evaluation at its cost limit", () => {
    const compiled = compile(env, "l.all(q, q > 0) || true");
    assert.ok(compiled.ast !== undefined);
    const program = createProgram(env, compiled.ast);
    assert.ok(!isError(program));
    const { value } = program.evaluate(VARIABLES, 5);
    assert.ok(isError(value));
    assert.equal(value.message, "operation cancelled: actual cost limit exceeded");
    assert.equal(value.reason, "cost");
  });

  it("reads a variable only when it is needed, and once", () => {
    let reads = 0;
    const activation = {
      get x() {
        reads++;
        return 3n;
      },
    };
    assert.equal(answer("false && x > 1", activation).value, "false");
    assert.equal(reads, 0);
    assert.equal(answer("x > 1 && x < 5", activation).value, "true");
    assert.equal(reads, 1);
  });
});
