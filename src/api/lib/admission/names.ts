// Names that are kept for configuration files of the API server. Upstream: validation/static_suffix.go.
import { type FieldError, field, type KubeObject } from "../../../machinery/index.ts";
import type { RuleContext } from "../../kind.ts";

const suffix = ".static.k8s.io";
const text = `names ending with "${suffix}" are reserved for static manifest-based configurations and cannot be managed via the API`;

/** With the gate on, such names are refused on create. */
export const reservedName = (object: KubeObject, context: RuleContext): FieldError[] =>
  object.metadata.name?.endsWith(suffix) && context.featureEnabled("ManifestBasedAdmissionControlConfig")
    ? [field.invalid("metadata.name", object.metadata.name, text)]
    : [];

export const reservedNameWarnings = (object: KubeObject): string[] =>
  object.metadata.name?.endsWith(suffix) ? [`metadata.name: ${text}`] : [];
