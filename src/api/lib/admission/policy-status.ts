// Status of a ValidatingAdmissionPolicy. Upstream: validateValidatingAdmissionPolicyStatus.
import type {
  ExpressionWarning,
  ValidatingAdmissionPolicyStatus,
} from "../../../../facts/types/admissionregistration.v1.ts";
import { field } from "../../../machinery/index.ts";
import { conditions } from "../conditions.ts";
import { type Check, child, each } from "../validate.ts";

const expressionWarning: Check<ExpressionWarning> = (warning, at, found) => {
  if (!warning.warning) found.push(field.required(child(at, "warning")));
  const path = child(at, "fieldRef");
  const reference = (warning.fieldRef ?? "").trim();
  if (reference === "") found.push(field.required(path));
  else {
    const problem = pathError(reference);
    if (problem !== undefined) found.push(field.invalid(path, reference, `invalid JSONPath: ${problem}`));
  }
};

/** What client-go's jsonpath parser says of brackets and quotes that do not close; anything else is a path to it. */
function pathError(path: string): string | undefined {
  const text = `{${path}}`;
  let depth = 0;
  for (let index = 0; index < text.length; index++) {
    const character = text[index]!;
    if (character === "'" || character === '"') {
      const end = text.indexOf(character, index + 1);
      if (end < 0) return "unterminated quoted string";
      index = end;
    } else if (character === "[") depth++;
    else if (character === "]") depth--;
  }
  if (depth > 0) return "unterminated array";
  return undefined;
}

export const policyStatus: Check<ValidatingAdmissionPolicyStatus | undefined> = (status, at, found) => {
  each(expressionWarning)(
    status?.typeChecking?.expressionWarnings,
    child(at, "typeChecking.expressionWarnings"),
    found,
  );
  conditions(status?.conditions, child(at, "conditions"), found);
};
