// Rules of the bindings of admission policies, of either kind and in every version. Upstream: pkg/registry/admissionregistration/
// {mutating,validating}admissionpolicybinding.
import type { FieldError, KubeObject } from "../../../machinery/index.ts";
import type { ServeRules } from "../../kind.ts";
import { defaultMatchResources } from "./match-rules.ts";
import { reservedName, reservedNameWarnings } from "./names.ts";

type Binding = KubeObject & { spec: { matchResources?: Parameters<typeof defaultMatchResources>[0] } };

/** `judge` finds what is wrong with a binding's spec, new or changed. */
export const bindingRules = <T extends Binding>(judge: (binding: T) => FieldError[]): ServeRules<T> => ({
  default: (binding) => {
    binding.spec ??= {} as T["spec"];
    defaultMatchResources(binding.spec.matchResources);
  },
  generation: true,
  metadataOnUpdate: "create",
  anyFinalizers: true,
  validate: (binding, context) => [...judge(binding), ...reservedName(binding, context)],
  validateOnUpdate: false,
  validateUpdate: judge,
  warnings: reservedNameWarnings,
  unconditionalUpdate: false,
});
