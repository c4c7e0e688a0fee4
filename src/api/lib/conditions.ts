// Conditions of the common form (metav1.Condition). Upstream: k8s.io/apimachinery/pkg/apis/meta/v1/validation.
import { field, regexError, utf8Length } from "../../machinery/index.ts";
import { labelKey } from "./metadata.ts";
import { type Check, child, item, oneOf, worthChecking } from "./validate.ts";

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly observedGeneration?: number;
  readonly lastTransitionTime?: string;
  readonly reason?: string;
  readonly message?: string;
}

const longestReason = 1024;
const longestMessage = 32 * 1024;
const reasonFormat = "[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?";
const reasonPattern = new RegExp(`^(${reasonFormat})$`);

const condition: Check<Condition> = (value, at, found) => {
  labelKey(value.type ?? "", child(at, "type"), found);
  oneOf("False", "True", "Unknown")(value.status, child(at, "status"), found);
  if ((value.observedGeneration ?? 0) < 0)
    found.push(
      field.invalid(child(at, "observedGeneration"), value.observedGeneration, "must be greater than or equal to zero"),
    );
  if (!value.lastTransitionTime) found.push(field.required(child(at, "lastTransitionTime")));
  const { reason = "", message = "" } = value;
  const path = child(at, "reason");
  if (reason === "") found.push(field.required(path));
  else {
    if (!reasonPattern.test(reason))
      found.push(
        field.invalid(
          path,
          reason,
          regexError(
            "a condition reason must start with alphabetic character, optionally followed by a string of alphanumeric characters or '_,:', and must end with an alphanumeric character or '_'",
            reasonFormat,
            "my_name",
            "MY_NAME",
            "MyName",
            "ReasonA,ReasonB",
            "ReasonA:ReasonB",
          ),
        ),
      );
    if (utf8Length(reason) > longestReason) found.push(field.tooLong(path, longestReason));
  }
  if (utf8Length(message) > longestMessage) found.push(field.tooLong(child(at, "message"), longestMessage));
};

export const conditions: Check<readonly Condition[] | undefined> = (list = [], at, found) => {
  const seen = new Set<string>();
  for (const [index, each] of worthChecking(list, found)) {
    if (seen.has(each.type)) found.push(field.duplicate(child(item(at, index), "type"), each.type));
    seen.add(each.type);
    condition(each, item(at, index), found);
  }
};
