// How the API server serves Namespace.
import type { Namespace } from "../../../../facts/types/core.v1.ts";
import { type FieldError, field, qualifiedName } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { kubeFinalizer, labelName } from "../../lib/metadata.ts";
import { type Check, each, findings } from "../../lib/validate.ts";

const nameLabel = "kubernetes.io/metadata.name";

const setNameLabel = ({ metadata }: Namespace): void => {
  if (metadata.name) metadata.labels = { ...metadata.labels, [nameLabel]: metadata.name };
};

const finalizers: Check<readonly string[] | undefined> = (list, at, found) => {
  for (const finalizer of list ?? []) {
    for (const text of qualifiedName(finalizer)) found.push(field.invalid(at, finalizer, text));
    kubeFinalizer(finalizer, at, found);
  }
};

/** A namespace is Terminating exactly while it is being deleted. */
const phase: Check<Namespace> = ({ metadata, status }, _at, found) => {
  const [wanted, text] =
    metadata.deletionTimestamp === undefined
      ? (["Active", "may only be 'Active' if `deletionTimestamp` is empty"] as const)
      : (["Terminating", "may only be 'Terminating' if `deletionTimestamp` is not empty"] as const);
  if (status?.phase !== wanted) found.push(field.invalid("status.Phase", status?.phase ?? "", text));
};

/** Rules of PUT …/finalize, which alone may change spec.finalizers. */
export const validateFinalize = (namespace: Namespace): FieldError[] =>
  findings(
    namespace.spec?.finalizers,
    each((finalizer, at, found) => finalizers([finalizer], at, found)),
    "spec.finalizers",
  );

export const namespaceRules = defineRules<Namespace>({
  resetFields: { finalize: ["status"] },
  validateName: labelName,
  default: (namespace) => {
    setNameLabel(namespace);
    namespace.status ??= {};
    namespace.status.phase ??= "Active";
  },
  // A name that was generated.
  prepareStored: setNameLabel,
  prepareCreate: (namespace) => {
    namespace.status = { phase: "Active" };
    const finalizers = namespace.spec?.finalizers ?? [];
    if (!finalizers.includes("kubernetes"))
      namespace.spec = { ...namespace.spec, finalizers: [...finalizers, "kubernetes"] };
  },
  prepareUpdate: (namespace, old) => {
    namespace.spec = old.spec;
  },
  metadataOnUpdate: "both",
  validate: ({ spec }) => findings(spec?.finalizers, finalizers, "spec.finalizers"),
  status: { validateUpdate: (namespace) => findings(namespace, phase) },
});
