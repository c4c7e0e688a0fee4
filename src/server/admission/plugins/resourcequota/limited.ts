// What may be used only where a quota covers it: the plugin's configuration.
// Upstream: apiserver's admission/plugin/resourcequota/apis (apiserver.config.k8s.io/v1 ResourceQuotaConfiguration).
import {
  type KindDefinition,
  quotaCountsFor,
  quotaScopesMatch,
  type ResourceList,
  type ResourceQuota,
} from "../../../../api/index.ts";
import { compareQuantities, isObject, type KubeObject, StatusError } from "../../../../machinery/index.ts";
import type { AdmissionAttributes } from "../../../contract.ts";
import { draftOf, refuse } from "../../framework.ts";

interface Scope {
  readonly scopeName: string;
  readonly operator: string;
  readonly values?: readonly string[];
}

export interface LimitedResource {
  readonly group: string;
  readonly resource: string;
  /** Parts of names of quota resources. */
  readonly matchContains: readonly string[];
  readonly matchScopes: readonly Scope[];
}

const versions = [
  "apiserver.config.k8s.io/v1",
  "resourcequota.admission.k8s.io/v1beta1",
  "resourcequota.admission.k8s.io/v1alpha1",
];
const kinds = ["ResourceQuotaConfiguration", "Configuration"];

/** Throws Error that says what is wrong. */
export function readLimitedResources(document: unknown): readonly LimitedResource[] {
  if (document === undefined) return [];
  if (
    !isObject(document) ||
    !versions.includes(String(document["apiVersion"])) ||
    !kinds.includes(String(document["kind"]))
  )
    throw new Error("ResourceQuota configuration must be a ResourceQuotaConfiguration of apiserver.config.k8s.io/v1");
  const list = document["limitedResources"] ?? [];
  if (!Array.isArray(list) || !list.every(isObject)) throw new Error("limitedResources must be a list of objects");
  return list.map((each, index) => {
    const resource = String(each["resource"] ?? "");
    if (resource === "") throw new Error(`limitedResources[${index}].resource: Required value`);
    return {
      group: String(each["apiGroup"] ?? ""),
      resource,
      matchContains: (each["matchContains"] ?? []) as string[],
      matchScopes: (each["matchScopes"] ?? []) as Scope[],
    };
  });
}

export interface Covering {
  readonly limited: readonly LimitedResource[];
  readonly quotas: readonly ResourceQuota[];
  /** What the object uses now, and what it uses more than before. */
  readonly usage: Readonly<ResourceList>;
  readonly delta: Readonly<ResourceList>;
}

/** Throws 403 when something limited is used that no quota of the namespace covers. */
export function checkCovered(attributes: AdmissionAttributes, { limited, quotas, usage, delta }: Covering): void {
  const { kind } = attributes;
  const rules = limited.filter(({ group, resource }) => group === kind.group && resource === kind.resource);
  if (rules.length === 0 || Object.values(delta).every((amount) => compareQuantities(amount, "0") === 0)) return;
  const object = draftOf(attributes);
  const covered = new Set(
    quotas.filter((quota) => quotaScopesMatch(quota, kind.resource, object)).flatMap((quota) => namesOf(quota, kind)),
  );
  const uncovered = Object.keys(usage).filter(
    (name) =>
      compareQuantities(usage[name]!, "0") > 0 &&
      rules.some(({ matchContains }) => matchContains.some((part) => name.includes(part))) &&
      !covered.has(name),
  );
  if (uncovered.length > 0)
    throw refuse(attributes, `insufficient quota to consume: ${[...new Set(uncovered)].sort().join(",")}`);
  const scopes = rules
    .flatMap(({ matchScopes }) => matchScopes)
    .filter((scope) => matches(scope, kind.resource, object))
    .filter(
      (scope) =>
        !quotas.some((quota) =>
          scopesOf(quota).some((own) => own.scopeName === scope.scopeName && matches(own, kind.resource, object)),
        ),
    );
  if (scopes.length > 0)
    throw new StatusError({
      code: 500,
      message: `insufficient quota to match these scopes: [${scopes.map(({ scopeName, operator, values = [] }) => `{${scopeName} ${operator} [${values.join(" ")}]}`).join(" ")}]`,
    });
}

const namesOf = (quota: ResourceQuota, kind: KindDefinition): string[] =>
  Object.keys(quota.status?.hard ?? {}).filter((name) => quotaCountsFor(kind, name));

const scopesOf = ({ spec }: ResourceQuota): readonly Scope[] => [
  ...(spec?.scopes ?? []).map((scopeName) => ({ scopeName, operator: "Exists" })),
  ...(spec?.scopeSelector?.matchExpressions ?? []),
];

const matches = (scope: Scope, resource: string, object: KubeObject): boolean =>
  quotaScopesMatch(
    { metadata: { name: "" }, spec: { scopeSelector: { matchExpressions: [scope] } } } as ResourceQuota,
    resource,
    object,
  );
