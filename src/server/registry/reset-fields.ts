// Fields that a write to one part of an object can not own, because the kind's rules put them back.
// Upstream: GetResetFields of each kind's strategies.
import { type FieldSet, parseFieldsV1 } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";

const status = parseFieldsV1({ "f:status": {} });
const spec = parseFieldsV1({ "f:spec": {} });

export function resetFieldsOf({ rules }: ServedResource, subresource: string): { readonly resetFields?: FieldSet } {
  if (rules.status === undefined) return {};
  if (subresource === "") return { resetFields: status };
  return subresource === "status" ? { resetFields: spec } : {};
}
