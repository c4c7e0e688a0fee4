/** CEL, the Common Expression Language, as Kubernetes runs it. Start at contract.ts. */
export * from "./contract.ts";
export { compile, createEnv, createProgram, type Env, extendEnv, parseExpression } from "./environment.ts";
export { compilePattern } from "./libraries/regex.ts";
export { STANDARD } from "./libraries/standard.ts";
export { compare, equal } from "./runtime/compare.ts";
export { describe, sizeOf, typeOfValue } from "./runtime/describe.ts";
export { formatDuration, formatTimestamp, parseDuration, parseTimestamp } from "./runtime/time.ts";
export * from "./syntax/ast.ts";
export * from "./types.ts";
export * from "./values.ts";
