// Literals: a token, or a minus before a number.
import { CelUint } from "../values.ts";
import type { Expr } from "./ast.ts";
import { accept, current, idAt, report, type State, SyntaxFailure, take, textOf } from "./parse-state.ts";
import { bytesValue, stringValue } from "./unescape.ts";

export function parseLiteral(state: State): Expr {
  const first = current(state);
  const sign = accept(state, "'-'") === undefined ? "" : "-";
  const token = take(state);
  const text = textOf(state, token);
  if (sign !== "" && token.kind !== "NUM_INT" && token.kind !== "NUM_FLOAT") throw new SyntaxFailure();
  const literal = (value: bigint | number | CelUint | string | Uint8Array | boolean | null): Expr => ({
    kind: "literal",
    id: idAt(state, first),
    value,
  });
  switch (token.kind) {
    case "NUM_INT": {
      const value = sign === "" ? BigInt(text) : -BigInt(text);
      return BigInt.asIntN(64, value) === value ? literal(value) : report(state, first, "invalid int literal");
    }
    case "NUM_UINT": {
      const value = BigInt(text.slice(0, -1));
      return BigInt.asUintN(64, value) === value
        ? literal(new CelUint(value))
        : report(state, first, "invalid uint literal");
    }
    case "NUM_FLOAT": {
      const value = Number(sign + text);
      return Number.isFinite(value) ? literal(value) : report(state, first, "invalid double literal");
    }
    case "STRING":
    case "BYTES": {
      const value = token.kind === "STRING" ? stringValue(text) : bytesValue(text);
      if (typeof value === "string" || value instanceof Uint8Array) return literal(value);
      report(state, first, value.error);
      return literal(text);
    }
    case "'true'":
      return literal(true);
    case "'false'":
      return literal(false);
    case "'null'":
      return literal(null);
    default:
      throw new SyntaxFailure();
  }
}
