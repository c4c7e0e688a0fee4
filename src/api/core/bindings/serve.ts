// How the API server serves Binding.
import type { Binding } from "../../../../facts/types/core.v1.ts";
import { type FieldError, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";

/** Reported when a binding's target is no node. Upstream: ValidatePodBinding. */
const validateBinding = ({ target }: Binding): FieldError[] => {
  const found: FieldError[] = [];
  if (target?.kind && target.kind !== "Node")
    found.push(field.notSupported("target.kind", target.kind, ["Node", "<empty>"]));
  if (!target?.name) found.push(field.required("target.name"));
  return found;
};

export const bindingRules = defineRules<Binding>({ validate: validateBinding });
