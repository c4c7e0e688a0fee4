/** Optional values: `a.?b`, `optional.of(x)`, `orValue`. Source: cel-spec "Optionals"; cel-go cel/library.go. */
import type { FunctionDecl, Library, MacroDecl } from "../contract.ts";
import type { Expr, ExprFactory } from "../syntax/ast.ts";
import {
  BOOL,
  type CelType,
  DYN,
  INT,
  listOf,
  mapOf,
  opaqueType,
  optionalOf,
  STRING,
  typeOf,
  typeParam,
} from "../types.ts";
import {
  ArrayList,
  CelDuration,
  CelError,
  CelList,
  CelMap,
  CelOptional,
  CelTimestamp,
  CelUint,
  NONE,
  type Result,
  type Value,
} from "../values.ts";

const K = typeParam("K");
const V = typeParam("V");
const OPTIONAL = optionalOf(V);
/** The type by its name: of no value in particular. */
const OPTIONAL_TYPE = opaqueType("optional_type");
const LIST_OF_V = listOf(V);
const MAP_OF_K_V = mapOf(K, V);
const YEAR_ONE = -62135596800n * 1_000_000_000n;

/** Whether a value is its type's zero. */
function isZero(value: Value): boolean {
  if (value === null || value === false || value === "" || value === 0n || value === 0) return true;
  if (value instanceof CelList || value instanceof CelMap) return value.size === 0;
  if (value instanceof Uint8Array) return value.length === 0;
  if (value instanceof CelUint) return value.value === 0n;
  if (value instanceof CelDuration) return value.nanos === 0n;
  return value instanceof CelTimestamp && value.nanos === YEAR_ONE;
}

function dereference(optional: CelOptional): Result {
  return optional.value === undefined ? new CelError("optional.none() dereference") : optional.value;
}

/** `name(args)` of one overload. */
function fn(name: string, overload: FunctionDecl["overloads"][number]): FunctionDecl {
  return { name, overloads: [overload] };
}

function unwrap(list: CelList): Result {
  const values: Value[] = [];
  for (const item of list) {
    if (item instanceof CelError) return item;
    if (!(item instanceof CelOptional)) return new CelError("value is not optional");
    if (item.value !== undefined) values.push(item.value);
  }
  return new ArrayList(values);
}

function elementOrNone(list: CelList, index: number): Result {
  const element = list.size === 0 ? undefined : list.at(index);
  if (element === undefined) return NONE;
  return element instanceof CelError ? element : new CelOptional(element);
}

/** A path's overload; the planner runs it. */
function path(id: string, args: readonly CelType[]): FunctionDecl["overloads"][number] {
  return { id, args, result: OPTIONAL };
}

const FUNCTIONS: readonly FunctionDecl[] = [
  fn("optional.of", {
    id: "optional_of",
    args: [V],
    result: OPTIONAL,
    evaluate: (value: Value) => new CelOptional(value),
  }),
  fn("optional.ofNonZeroValue", {
    id: "optional_ofNonZeroValue",
    args: [V],
    result: OPTIONAL,
    evaluate: (value: Value) => (isZero(value) ? NONE : new CelOptional(value)),
  }),
  fn("optional.none", { id: "optional_none", args: [], result: OPTIONAL, evaluate: () => NONE }),
  fn("value", { id: "optional_value", member: true, args: [OPTIONAL], result: V, evaluate: dereference }),
  fn("hasValue", {
    id: "optional_hasValue",
    member: true,
    args: [OPTIONAL],
    result: BOOL,
    evaluate: (optional: CelOptional) => optional.value !== undefined,
  }),
  fn("or", { id: "optional_or_optional", member: true, args: [OPTIONAL, OPTIONAL], result: OPTIONAL }),
  fn("orValue", { id: "optional_orValue_value", member: true, args: [OPTIONAL, V], result: V }),
  fn("_?._", path("select_optional_field", [DYN, STRING])),
  {
    name: "_[?_]",
    overloads: [
      path("list_optindex_optional_int", [LIST_OF_V, INT]),
      path("optional_list_optindex_optional_int", [optionalOf(LIST_OF_V), INT]),
      path("map_optindex_optional_value", [MAP_OF_K_V, K]),
      path("optional_map_optindex_optional_value", [optionalOf(MAP_OF_K_V), K]),
    ],
  },
  {
    name: "_[_]",
    overloads: [
      path("optional_list_index_int", [optionalOf(LIST_OF_V), INT]),
      path("optional_map_index_value", [optionalOf(MAP_OF_K_V), K]),
    ],
  },
];

const LIST_FUNCTIONS: readonly FunctionDecl[] = [
  fn("last", {
    id: "list_last",
    member: true,
    args: [LIST_OF_V],
    result: OPTIONAL,
    evaluate: (list: CelList) => elementOrNone(list, list.size - 1),
  }),
  fn("first", {
    id: "list_first",
    member: true,
    args: [LIST_OF_V],
    result: OPTIONAL,
    evaluate: (list: CelList) => elementOrNone(list, 0),
  }),
  fn("optional.unwrap", { id: "optional_unwrap", args: [listOf(OPTIONAL)], result: LIST_OF_V, evaluate: unwrap }),
  fn("unwrapOpt", {
    id: "optional_unwrapOpt",
    member: true,
    args: [listOf(OPTIONAL)],
    result: LIST_OF_V,
    evaluate: unwrap,
  }),
];

/** `target.hasValue() ? wrap(let x = target.value(); body) : optional.none()`. */
function mapMacro(name: string, wrap: (build: ExprFactory, mapped: Expr) => Expr): MacroDecl {
  return {
    name,
    receiver: true,
    argCount: 2,
    expand(build, target, args) {
      const [variable, body] = args;
      if (target === undefined || variable === undefined || body === undefined) return undefined;
      if (variable.kind !== "ident")
        return build.issue(variable.id, `${name}() variable name must be a simple identifier`);
      const mapped = build.comprehension({
        range: build.list(),
        iterVar: "#unused",
        accuVar: variable.name,
        accuInit: build.memberCall("value", build.copy(target)),
        condition: build.literal(false),
        step: build.ident(variable.name),
        result: body,
      });
      return build.call(
        "_?_:_",
        build.memberCall("hasValue", target),
        wrap(build, mapped),
        build.call("optional.none"),
      );
    },
  };
}

const OPT_MAP = mapMacro("optMap", (build, mapped) => build.call("optional.of", mapped));
const OPT_FLAT_MAP = mapMacro("optFlatMap", (_build, mapped) => mapped);

/** The optional types as of a version: 1 adds `optFlatMap`, 2 adds `first`, `last` and `unwrap`. */
export function optionalTypes(version = 2): Library {
  return {
    name: "cel.lib.optional",
    functions: version >= 2 ? [...FUNCTIONS, ...LIST_FUNCTIONS] : FUNCTIONS,
    macros: version >= 1 ? [OPT_MAP, OPT_FLAT_MAP] : [OPT_MAP],
    variables: [{ name: "optional_type", type: typeOf(OPTIONAL_TYPE), value: OPTIONAL_TYPE }],
    optionalSyntax: true,
  };
}
