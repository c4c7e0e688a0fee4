// How the API server serves StorageVersionMigration. Upstream: pkg/apis/storagemigration/validation,
// pkg/registry/storagemigration.
import type { StorageVersionMigration } from "../../../../facts/types/storagemigration.v1beta1.ts";
import { deepEqual, dns1035Label, dns1123Subdomain, field } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { conditions } from "../../lib/conditions.ts";
import { type Check, child, findings, immutableText } from "../../lib/validate.ts";

type Resource = StorageVersionMigration["spec"]["resource"];

const resource: Check<Resource> = ({ group, resource: name }, at, found) => {
  const named = child(at, "resource");
  if (!name) found.push(field.required(named, "resource is required to be set"));
  else {
    const texts = dns1035Label(name);
    if (texts.length > 0) found.push(field.invalid(named, name, texts.join(",")));
  }
  const texts = group ? dns1123Subdomain(group) : [];
  if (texts.length > 0) found.push(field.invalid(child(at, "group"), group, texts.join(",")));
};

const isTrue = ({ status }: StorageVersionMigration, type: string): boolean =>
  status?.conditions?.find((each) => each.type === type)?.status === "True";

const wellFormedRevision = /^[1-9][0-9]*$/;

const status: Check<{ readonly now: StorageVersionMigration; readonly old: StorageVersionMigration }> = (
  { now, old },
  at,
  found,
) => {
  const revision = now.status?.resourceVersion ?? "";
  const path = child(at, "resourceVersion");
  if (revision !== "" && !wellFormedRevision.test(revision))
    found.push(field.invalid(path, revision, `resource version is not well formed: ${revision}`));
  const list = now.status?.conditions;
  const where = child(at, "conditions");
  conditions(list ?? [], where, found);
  const before = old.status?.resourceVersion ?? "";
  if (before !== "" && before !== revision) found.push(field.invalid(path, revision, immutableText));
  const refuse = (text: string): void => void found.push(field.invalid(where, list ?? null, text));
  if (isTrue(now, "Succeeded") && isTrue(now, "Failed"))
    refuse("Both success and failed conditions cannot be true at the same time");
  if (isTrue(old, "Succeeded") && !isTrue(now, "Succeeded"))
    refuse("Success condition cannot be set to false once it is true");
  if (isTrue(old, "Failed") && !isTrue(now, "Failed"))
    refuse("Failed condition cannot be set to false once it is true");
};

export const storageVersionMigrationRules = defineRules<StorageVersionMigration>({
  default: (draft) => {
    draft.spec ??= {} as StorageVersionMigration["spec"];
    draft.spec.resource ??= {} as Resource;
  },
  unconditionalUpdate: false,
  metadataOnUpdate: "both",
  validate: ({ spec }) => findings(spec.resource, resource, "spec.resource"),
  validateUpdate: ({ spec }, old) =>
    deepEqual(spec, old.spec)
      ? []
      : [
          field.invalid(
            "spec",
            { Resource: { group: spec.resource.group ?? "", resource: spec.resource.resource ?? "" } },
            immutableText,
          ),
        ],
  resetFields: { status: ["metadata", "spec"] },
  status: { validateUpdate: (now, old) => findings({ now, old }, status, "status") },
});
