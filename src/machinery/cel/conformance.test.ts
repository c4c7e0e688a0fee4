// The conformance suite of the CEL specification. What cel-go itself does otherwise, and what needs protobuf
// messages that Kubernetes has not, is listed with its reason.
import assert from "node:assert/strict";
import { describe as group, it } from "node:test";
import { tests as conformance } from "@bufbuild/cel-spec/testdata/conformance.js";
import {
  ArrayList,
  BINDINGS,
  BOOL,
  BYTES,
  CelDuration,
  CelTimestamp,
  CelType,
  CelUint,
  compile,
  createEnv,
  createProgram,
  DOUBLE,
  DURATION,
  DYN,
  describe,
  ENCODERS,
  EntryMap,
  equal,
  INT,
  isError,
  LIST,
  listOf,
  lists,
  MAP,
  mapOf,
  math,
  NULL,
  nullable,
  opaqueType,
  optionalOf,
  optionalTypes,
  parseDuration,
  parseTimestamp,
  SETS,
  STANDARD,
  STRING,
  strings,
  structType,
  TIMESTAMP,
  TWO_VARIABLE_COMPREHENSIONS,
  TYPE,
  typeOf,
  typeParam,
  UINT,
  type Value,
  type VariableDecl,
} from "./index.ts";

type Json = Readonly<Record<string, unknown>>;

interface Case {
  readonly name: string;
  readonly test: Json;
}

interface Suite {
  readonly name: string;
  readonly suites?: readonly Suite[];
  readonly tests?: readonly { readonly original: Json }[];
}

function record(value: unknown): Json {
  return typeof value === "object" && value !== null ? (value as Json) : {};
}

function items(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function cases(suite: Suite, path: string): Case[] {
  const name = path === "" ? "" : `${path}/`;
  return [
    ...(suite.suites ?? []).flatMap((inner) => cases(inner, `${name}${inner.name}`)),
    ...(suite.tests ?? []).map(({ original }) => ({ name: `${name}${String(original["name"])}`, test: original })),
  ];
}

/** What the suite asks that (besides expressions that are not checked, which Kubernetes has not) is not for Kubernetes' CEL, by the name or the text of a test. */
const EXCLUDED: readonly { readonly reason: string; readonly name?: RegExp; readonly text?: RegExp }[] = [
  { reason: "needs the protobuf messages of the suite", text: /TestAllTypes|cel\.expr\.conformance/ },
  { reason: "builds well-known protobuf messages by name", text: /google\.protobuf\.(?!Timestamp|Duration)\w+/ },
  { reason: "builds Timestamp and Duration as messages", text: /google\.protobuf\.(?:Timestamp|Duration)\s*\{/ },
  { reason: "protobuf enums and extensions", name: /^(?:enums|proto2|proto3|proto2_ext|wrappers|dynamic)\// },
  { reason: "blocks are an optimizer's form, not source", name: /^block_ext\// },
  { reason: "networks are not in cel-go", name: /^network_ext\// },
  { reason: "declares functions of its own", text: /"function":\{/ },
  { reason: "the format of version 4 of the strings library; Kubernetes has version 2", name: /^string_ext\/format/ },
];

const PRIMITIVES: Readonly<Record<string, CelType>> = {
  BOOL,
  INT64: INT,
  UINT64: UINT,
  DOUBLE,
  STRING,
  BYTES,
};

function messageType(name: string): CelType {
  if (name === DURATION.name) return DURATION;
  return name === TIMESTAMP.name ? TIMESTAMP : structType(name);
}

function typeOfJson(json: unknown): CelType {
  const type = record(json);
  if (type["primitive"] !== undefined) return PRIMITIVES[String(type["primitive"])] ?? DYN;
  if (type["wrapper"] !== undefined) return nullable(PRIMITIVES[String(type["wrapper"])] ?? DYN);
  if (type["wellKnown"] === "TIMESTAMP") return TIMESTAMP;
  if (type["wellKnown"] === "DURATION") return DURATION;
  if (type["null"] !== undefined) return NULL;
  if (type["listType"] !== undefined) return listOf(typeOfJson(record(type["listType"])["elemType"]));
  if (type["mapType"] !== undefined)
    return mapOf(typeOfJson(record(type["mapType"])["keyType"]), typeOfJson(record(type["mapType"])["valueType"]));
  if (type["messageType"] !== undefined) return messageType(String(type["messageType"]));
  if (type["typeParam"] !== undefined) return typeParam(String(type["typeParam"]));
  if (type["type"] !== undefined) return typeOf(typeOfJson(type["type"]));
  if (type["abstractType"] !== undefined) {
    const abstract = record(type["abstractType"]);
    const parameters = items(abstract["parameterTypes"]).map(typeOfJson);
    const name = String(abstract["name"]);
    return name === "optional_type" ? optionalOf(parameters[0] ?? DYN) : opaqueType(name, ...parameters);
  }
  return DYN;
}

const TYPE_VALUES: Readonly<Record<string, CelType>> = {
  bool: BOOL,
  int: INT,
  uint: UINT,
  double: DOUBLE,
  string: STRING,
  bytes: BYTES,
  list: LIST,
  map: MAP,
  null_type: NULL,
  type: TYPE,
  "google.protobuf.Timestamp": TIMESTAMP,
  "google.protobuf.Duration": DURATION,
  optional_type: optionalOf(DYN),
};

function objectOfJson(object: Json): Value {
  const type = String(object["@type"]);
  if (type.endsWith("Timestamp")) {
    const parsed = parseTimestamp(String(object["value"]));
    if (parsed instanceof CelTimestamp) return parsed;
  }
  if (type.endsWith("Duration")) {
    const parsed = parseDuration(String(object["value"]));
    if (parsed instanceof CelDuration) return parsed;
  }
  throw new Error(`the suite has a value of ${type}`);
}

function valueOfJson(json: unknown): Value {
  const value = record(json);
  if (value["int64Value"] !== undefined) return BigInt(String(value["int64Value"]));
  if (value["uint64Value"] !== undefined) return new CelUint(BigInt(String(value["uint64Value"])));
  if (value["doubleValue"] !== undefined) return Number(value["doubleValue"]);
  if (value["stringValue"] !== undefined) return String(value["stringValue"]);
  if (value["boolValue"] !== undefined) return value["boolValue"] === true;
  if (value["bytesValue"] !== undefined) return new Uint8Array(Buffer.from(String(value["bytesValue"]), "base64"));
  if (value["listValue"] !== undefined)
    return new ArrayList(items(record(value["listValue"])["values"]).map(valueOfJson));
  if (value["mapValue"] !== undefined)
    return new EntryMap(
      items(record(value["mapValue"])["entries"]).map((entry) => [
        valueOfJson(record(entry)["key"]),
        valueOfJson(record(entry)["value"]),
      ]),
    );
  if (value["typeValue"] !== undefined)
    return TYPE_VALUES[String(value["typeValue"])] ?? new CelType("opaque", String(value["typeValue"]));
  if (value["objectValue"] !== undefined) return objectOfJson(record(value["objectValue"]));
  return null;
}

const LIBRARIES = [
  STANDARD,
  optionalTypes(),
  strings(3),
  lists(3),
  SETS,
  ENCODERS,
  BINDINGS,
  math(2),
  TWO_VARIABLE_COMPREHENSIONS,
];
const BASE = createEnv({ libraries: LIBRARIES, crossTypeNumericComparisons: true, escapedIdentifiers: true });

function declarations(test: Json): VariableDecl[] {
  return items(test["typeEnv"]).flatMap((decl) => {
    const { name, ident } = record(decl);
    return ident === undefined ? [] : [{ name: String(name), type: typeOfJson(record(ident)["type"]) }];
  });
}

/** The value and type an expression gives, or why it gives none. */
function evaluate(test: Json): { value: Value; type: CelType } | { failure: string } {
  const container = String(test["container"] ?? "");
  const env = createEnv({ ...BASE.options, variables: declarations(test), container });
  const compiled = compile(env, String(test["expr"]));
  if (compiled.ast === undefined) return { failure: compiled.text };
  const program = createProgram(env, compiled.ast);
  if (isError(program)) return { failure: program.message };
  const bindings = Object.entries(record(test["bindings"])).map(([name, bound]) => [
    name,
    valueOfJson(record(bound)["value"]),
  ]);
  const { value } = program.evaluate(Object.fromEntries(bindings));
  return isError(value) ? { failure: value.message } : { value, type: compiled.ast.outputType };
}

/** What is wrong with the result of a test, or undefined. */
function difference(test: Json): string | undefined {
  const result = evaluate(test);
  if (test["evalError"] !== undefined || test["anyEvalErrors"] !== undefined)
    return "failure" in result ? undefined : `should fail but is ${describe(result.value)}`;
  if ("failure" in result) return result.failure;
  const typed = record(test["typedResult"]);
  if (typed["deducedType"] !== undefined) {
    const wanted = String(typeOfJson(typed["deducedType"]));
    if (wanted !== String(result.type)) return `type ${result.type}, not ${wanted}`;
  }
  if (test["checkOnly"] === true) return undefined;
  const json =
    test["value"] ?? typed["result"] ?? (test["typedResult"] === undefined ? { boolValue: true } : undefined);
  if (json === undefined) return undefined;
  const wanted = valueOfJson(json);
  const both = typeof wanted === "number" && Number.isNaN(wanted) && Number.isNaN(Number(result.value));
  return both || equal(result.value, wanted) === true
    ? undefined
    : `is ${describe(result.value)}, not ${describe(wanted)}`;
}

function excluded({ name, test }: Case): boolean {
  if (test["disableCheck"] === true) return true;
  const text = JSON.stringify(test);
  return EXCLUDED.some((entry) => entry.name?.test(name) === true || entry.text?.test(text) === true);
}

/** Tests that cel-go, the reference here, fails too. */
const DIFFERENT: ReadonlySet<string> = new Set([
  // Of entries with one key the last one stays.
  "fields/qualified_identifier_resolution/map_value_repeat_key",
  // Keys of different number types are one key here; Kubernetes refuses such literals before.
  "fields/qualified_identifier_resolution/map_value_repeat_key_heterogeneous",
  // A constant key of a type that is no key is refused when the program is made, before anything runs.
  "fields/map_fields/map_bad_key_type_or_true",
  "fields/map_fields/map_bad_key_type_and_false",
  // cel-go answers without an error.
  "optionals/optionals/map_null_entry_no_such_key",
  "optionals/optionals/map_present_key_invalid_field",
  "string_ext/value_errors/indexof_out_of_range",
  "string_ext/value_errors/lastindexof_out_of_range",
  // cel-go gives all the milliseconds of a duration.
  "timestamps/duration_converters/get_milliseconds",
  // The more general of an optional and null is null in cel-go.
  "type_deductions/legacy_nullable_types/null_assignable_to_abstract_parameter_candidate",
  // Asks for a type only, of an expression that fails.
  "type_deductions/flexible_type_parameter_assignment/unconstrained_type_var_as_dyn",
]);

group("the conformance suite of CEL", () => {
  const chosen = cases(conformance, "").filter((one) => !excluded(one));

  it("is large enough to mean something", () => {
    assert.ok(chosen.length > 1000, `${chosen.length} tests are left`);
  });

  it("holds, but for what cel-go does otherwise", () => {
    const failed = chosen.flatMap(({ name, test }) => {
      const wrong = difference(test);
      return wrong === undefined ? [] : [`${name}: ${String(test["expr"])}: ${wrong}`];
    });
    const names = failed.map((text) => text.split(":")[0] ?? "").filter((name) => !DIFFERENT.has(name));
    assert.deepEqual(names, [], failed.join("\n"));
  });
});
