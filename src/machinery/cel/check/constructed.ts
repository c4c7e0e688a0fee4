// What may be built by its name with fields: messages, of protobuf's well-known ones under their own names.
import type { VariableDecl } from "../contract.ts";
import type { StructExpr } from "../syntax/ast.ts";
import { type CelType, ERROR } from "../types.ts";
import { report, type State } from "./state.ts";

/** The protobuf message a type is built by name as. */
function wellKnownName(type: CelType): string | undefined {
  switch (type.kind) {
    case "any":
    case "timestamp":
    case "duration":
      return type.name;
    case "dyn":
      return "google.protobuf.Value";
    case "null":
      return "google.protobuf.NullValue";
    case "list":
      return type.parameters[0]?.kind === "dyn" ? "google.protobuf.ListValue" : undefined;
    case "map":
      return "google.protobuf.Struct";
    case "bool":
      return type.nullable ? "google.protobuf.BoolValue" : undefined;
    case "bytes":
      return type.nullable ? "google.protobuf.BytesValue" : undefined;
    case "double":
      return type.nullable ? "google.protobuf.DoubleValue" : undefined;
    case "int":
      return type.nullable ? "google.protobuf.Int64Value" : undefined;
    case "string":
      return type.nullable ? "google.protobuf.StringValue" : undefined;
    case "uint":
      return type.nullable ? "google.protobuf.UInt64Value" : undefined;
    default:
      return undefined;
  }
}

/** The name under which the fields of a constructed type are known, or why it cannot be constructed. */
export function constructed(state: State, expr: StructExpr, found: VariableDecl): { type: CelType; name: string } {
  const failed = { type: ERROR, name: found.name };
  if (found.type.kind === "error") return failed;
  const type = found.type.parameters[0];
  if (found.type.kind !== "type" || type === undefined) {
    report(state, expr.id, `'${found.type.name}' is not a type`);
    return failed;
  }
  const name = wellKnownName(type) ?? (type.kind === "struct" ? type.name : undefined);
  if (name !== undefined) return { type, name };
  report(state, expr.id, `'${type.name}' is not a message type`);
  return failed;
}
