/**
 * `jsonpatch.escapeKey`, for keys with `/` or `~` in a JSON pointer. Source: k8s.io/apiserver/pkg/cel/library/jsonpatch.go.
 */
import type { Library } from "../../contract.ts";
import { STRING } from "../../types.ts";
import { functions, overload } from "./lib.ts";

export const JSON_PATCH: Library = {
  name: "kubernetes.jsonpatch",
  functions: functions({
    "jsonpatch.escapeKey": [
      overload("string_jsonpatch_escapeKey_string", [[STRING], STRING], (key: string) =>
        key.replaceAll("~", "~0").replaceAll("/", "~1"),
      ),
    ],
  }),
};
