/** How Go's `%T` names what a value is in upstream, for the few messages that tell. */
import { isObject } from "../../../equal.ts";
import { CelDuration, CelTimestamp, CelUint } from "../../values.ts";

export function goTypeName(value: unknown): string {
  if (value === null || value === undefined) return "<nil>";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (typeof value === "bigint") return "int64";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "int64" : "float64";
  if (value instanceof CelUint) return "uint64";
  if (value instanceof CelDuration) return "time.Duration";
  if (value instanceof CelTimestamp) return "time.Time";
  if (value instanceof Uint8Array) return "[]uint8";
  if (Array.isArray(value)) return "[]interface {}";
  return isObject(value) ? "map[string]interface {}" : typeof value;
}
