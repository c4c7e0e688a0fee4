// What all kinds that configure webhooks and policies have in common. Upstream: the strategies of pkg/registry/admissionregistration.
import type { KubeObject } from "../../../machinery/index.ts";
import type { ServeRules } from "../../kind.ts";
import { loadExpressions } from "./expressions.ts";
import { reservedNameWarnings } from "./names.ts";

export const configurationRules = {
  ready: loadExpressions,
  metadataOnUpdate: "create",
  anyFinalizers: true,
  validateOnUpdate: false,
  warnings: reservedNameWarnings,
  unconditionalUpdate: false,
} as const satisfies Partial<ServeRules<KubeObject>>;
