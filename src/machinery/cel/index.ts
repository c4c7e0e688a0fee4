/** CEL, the Common Expression Language, as Kubernetes runs it. Start at contract.ts. */
export {
  DURATION_LITERALS,
  FORMAT_LITERALS,
  HOMOGENEOUS_LITERALS,
  REGEX_LITERALS,
  TIMESTAMP_LITERALS,
} from "./check/validators.ts";
export * from "./contract.ts";
export { compile, createEnv, createProgram, type Env } from "./environment.ts";
export { BINDINGS } from "./libraries/bindings.ts";
export { TWO_VARIABLE_COMPREHENSIONS } from "./libraries/comprehensions.ts";
export { ENCODERS } from "./libraries/encoders.ts";
export { lists } from "./libraries/lists.ts";
export { math } from "./libraries/math.ts";
export { optionalTypes } from "./libraries/optional.ts";
export { SETS } from "./libraries/sets.ts";
export { STANDARD } from "./libraries/standard.ts";
export { strings } from "./libraries/strings.ts";
export { equal } from "./runtime/compare.ts";
export { describe } from "./runtime/describe.ts";
export { parseDuration, parseTimestamp } from "./runtime/time.ts";
export * from "./syntax/ast.ts";
export { parse } from "./syntax/parser.ts";
export * from "./types.ts";
export * from "./values.ts";
