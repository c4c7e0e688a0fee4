// What the kinds of API priority and fairness share. Upstream: pkg/apis/flowcontrol/validation, pkg/registry/flowcontrol.
import { field } from "../../machinery/index.ts";
import { type Check, child, item, worthChecking } from "./validate.ts";

/** Conditions of which only the type is judged. */
export const flowConditions: Check<readonly { readonly type?: string }[] | undefined> = (list, at, found) => {
  const seen = new Set<string>();
  for (const [index, { type = "" }] of worthChecking(list ?? [], found)) {
    const path = child(item(at, index), "type");
    if (seen.has(type)) found.push(field.duplicate(path, type));
    seen.add(type);
    if (type === "") found.push(field.required(path));
  }
};
