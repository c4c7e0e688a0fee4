// Rules of CustomResourceDefinition. Upstream: apiextensions-apiserver pkg/registry/customresourcedefinition,
// pkg/apis/apiextensions/v1 defaults.go. What validates a definition is loaded with the first one that is written.
import type { CustomResourceDefinition } from "../../../../facts/types/apiextensions.v1.ts";
import { defineRules } from "../../kind.ts";

type Validation = typeof import("./validate.ts");
let validation: Validation | undefined;

function loaded(): Validation {
  if (validation === undefined) throw new Error("rules of definitions are used before they are ready");
  return validation;
}

function setDefaults({ spec, status }: CustomResourceDefinition): void {
  const { names } = spec;
  if (names !== undefined && names !== null) {
    if (!names.singular && names.kind) names.singular = names.kind.toLowerCase();
    if (!names.listKind && names.kind) names.listKind = `${names.kind}List`;
  }
  spec.conversion ??= { strategy: "None" };
  const { webhook } = spec.conversion;
  if (
    webhook !== undefined &&
    webhook.clientConfig === undefined &&
    (webhook.conversionReviewVersions?.length ?? 0) === 0
  )
    delete spec.conversion.webhook;
  const service = spec.conversion.webhook?.clientConfig?.service;
  if (service !== undefined) service.port ??= 443;
  const storage = spec.versions?.find((version) => version.storage);
  if (status !== undefined && (status.storedVersions?.length ?? 0) === 0 && storage !== undefined)
    status.storedVersions = [storage.name];
}

/** What is the storage version now will be found in the store from now on. */
function noteStorageVersion({ spec, status }: CustomResourceDefinition): CustomResourceDefinition["status"] {
  const storage = spec.versions?.find((version) => version.storage);
  if (storage === undefined || status?.storedVersions?.includes(storage.name)) return status;
  return { ...status, storedVersions: [...(status?.storedVersions ?? []), storage.name] };
}

export const customResourceDefinitionRules = defineRules<CustomResourceDefinition>({
  ready: async () => {
    validation ??= await import("./validate.ts");
  },
  default: setDefaults,
  prepareCreate: (draft) => {
    const status = noteStorageVersion(draft);
    if (status !== undefined) draft.status = status;
  },
  prepareUpdate: (draft) => {
    const status = noteStorageVersion(draft);
    if (status !== undefined) draft.status = status;
  },
  generation: true,
  unconditionalUpdate: false,
  anyFinalizers: true,
  validateOnUpdate: false,
  validate: (object) => loaded().validateDefinition(object),
  validateUpdate: (object, old) => loaded().validateDefinitionUpdate(object, old),
  warnings: (object, old) => loaded().formatWarnings(object, old),
  status: {
    validateUpdate: (object) => loaded().validateDefinitionStatus(object),
  },
});
