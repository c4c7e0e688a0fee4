// Who may ask for devices with admin access, and who may write which part of a claim's status.
// Upstream: pkg/registry/resource (AuthorizedForAdmin, AuthorizedForBinding, AuthorizedForDeviceStatus).
import { namespaces, type ResourceClaimSpec, type resource_v1, resourceClaims } from "../../../api/index.ts";
import {
  deepEqual,
  dns1123Subdomain,
  type FieldError,
  field,
  invalid,
  type KubeObject,
} from "../../../machinery/index.ts";
import { denied } from "../../authz/forbidden.ts";
import type { RequestContext } from "../../context.ts";
import type { AccessAttributes, Authorizer, ObjectReader } from "../../contract.ts";
import type { KindHooks, Reservation } from "../../core.ts";

type ResourceClaim = resource_v1.ResourceClaim;

const adminLabel = "resource.kubernetes.io/admin-access";
const nodeNameKey = "authentication.kubernetes.io/node-name";
const nothing: Reservation = { commit: () => {}, rollback: () => {} };

export interface ClaimHost {
  readonly reader: ObjectReader;
  readonly authorize: Authorizer["authorize"];
}

/** Where a request for admin access stands. */
function adminRequest(spec: ResourceClaimSpec | undefined): string | undefined {
  const index = (spec?.devices?.requests ?? []).findIndex(({ exactly }) => exactly?.adminAccess === true);
  return index < 0 ? undefined : `spec.devices.requests[${index}].adminAccess`;
}

function adminResult(claim: ResourceClaim): string | undefined {
  const results = claim.status?.allocation?.devices?.results ?? [];
  const index = results.findIndex(({ adminAccess }) => adminAccess === true);
  return index < 0 ? undefined : `status.allocation.devices.results[${index}].adminAccess`;
}

function adminProblem(path: string | undefined, namespace: string, reader: ObjectReader): FieldError[] {
  if (path === undefined) return [];
  const found = reader.get(namespaces, "", namespace);
  if (found?.metadata.labels?.[adminLabel] === "true") return [];
  if (found === undefined)
    return [
      field.internal(
        path,
        `could not retrieve namespace to verify admin access: namespaces ${JSON.stringify(namespace)} not found`,
      ),
    ];
  const text = `admin access to devices requires the \`${adminLabel}: true\` label on the containing namespace`;
  return [field.forbidden(path, text)];
}

const refuse = (context: RequestContext, draft: KubeObject, found: readonly FieldError[]): void => {
  const kind = context.info.resource === "resourceclaimtemplates" ? "ResourceClaimTemplate" : resourceClaims.kind;
  if (found.length > 0) throw invalid({ group: resourceClaims.group, kind }, draft.metadata.name ?? "", found);
};

export const claimTemplateHooks = ({ reader }: ClaimHost): KindHooks => ({
  returnsDeleted: true,
  beginCreate(draft, context) {
    const { spec } = draft as { spec?: { spec?: ResourceClaimSpec } };
    refuse(context, draft, adminProblem(adminRequest(spec?.spec), context.info.namespace, reader));
    return nothing;
  },
});

export const claimHooks = (host: ClaimHost): KindHooks => ({
  returnsDeleted: true,
  beginCreate(draft, context) {
    const { spec } = draft as ResourceClaim;
    refuse(context, draft, adminProblem(adminRequest(spec), context.info.namespace, host.reader));
    return nothing;
  },
  async beginUpdate(draft, before, context) {
    if (context.info.subresource !== "status") return nothing;
    const [claim, old] = [draft, before] as [ResourceClaim, ResourceClaim];
    const granted = adminResult(old) !== undefined;
    const found = granted ? [] : adminProblem(adminResult(claim), context.info.namespace, host.reader);
    if (context.core.featureEnabled("DRAResourceClaimGranularStatusAuthorization")) {
      found.push(...(await bindingProblem(host, context, { claim, old })));
      if (context.core.featureEnabled("DRAResourceClaimDeviceStatus") && claim.status?.allocation)
        found.push(...(await driverProblems(host, context, { claim, old })));
    }
    refuse(context, draft, found);
    return nothing;
  },
});

const attributesOf = ({ info, user }: RequestContext): AccessAttributes => {
  const { verb, group, version, resource, subresource, namespace, name, path } = info;
  return { user, verb, resourceRequest: true, group, version, resource, subresource, namespace, name, path };
};

interface Change {
  readonly claim: ResourceClaim;
  readonly old: ResourceClaim;
}

/** The text of a refusal. */
async function refusal(host: ClaimHost, asked: AccessAttributes): Promise<string | undefined> {
  const { decision, reason, error } = await host.authorize(asked);
  if (decision === "allow") return undefined;
  const why = error === undefined ? reason : reason === "" ? error : `${error}: ${reason}`;
  return denied(asked, why).message;
}

async function bindingProblem(host: ClaimHost, context: RequestContext, { claim, old }: Change): Promise<FieldError[]> {
  const same =
    deepEqual(claim.status?.allocation, old.status?.allocation) &&
    deepEqual(claim.status?.reservedFor, old.status?.reservedFor);
  if (same) return [];
  const asked = { ...attributesOf(context), subresource: "binding", namespace: "", name: "" };
  const text = await refusal(host, asked);
  if (text === undefined) return [];
  const needs = `changing status.allocation or status.reservedFor requires resource="resourceclaims/binding", verb="${asked.verb}" permission`;
  return [field.forbidden("status.allocation", `${needs}: ${text}`)];
}

type Devices = NonNullable<NonNullable<ResourceClaim["status"]>["devices"]>;

const deviceKey = ({ driver, pool, device, shareID }: Devices[number]): string =>
  JSON.stringify([driver, pool, device, shareID ?? ""]);

function changedDrivers(now: Devices, before: Devices): string[] {
  const left = new Map(before.map((each) => [deviceKey(each), each]));
  const drivers = new Set<string>();
  for (const each of now) {
    const was = left.get(deviceKey(each));
    left.delete(deviceKey(each));
    if (was === undefined || !deepEqual(was, each)) drivers.add(each.driver ?? "");
  }
  for (const { driver } of left.values()) drivers.add(driver ?? "");
  return [...drivers].sort();
}

/** The one node that an allocation is for. */
function allocatedNode(claim: ResourceClaim): string | undefined {
  const terms = claim.status?.allocation?.nodeSelector?.nodeSelectorTerms ?? [];
  const [term] = terms;
  const [only] = term?.matchFields ?? [];
  const one = terms.length === 1 && (term?.matchExpressions ?? []).length === 0 && term?.matchFields?.length === 1;
  if (!one || only?.key !== "metadata.name" || only.operator !== "In" || only.values?.length !== 1) return undefined;
  return only.values[0];
}

/** A ServiceAccount's token that is bound to a pod on the node. */
function isOnNode({ user }: RequestContext, node: string | undefined): boolean {
  const names = user.extra?.[nodeNameKey] ?? [];
  const [name = ""] = names;
  const isAccount = /^system:serviceaccount:[^:]+:[^:]+$/.test(user.username);
  return node !== undefined && isAccount && names.length === 1 && dns1123Subdomain(name).length === 0 && name === node;
}

async function driverProblems(host: ClaimHost, context: RequestContext, change: Change): Promise<FieldError[]> {
  const { claim, old } = change;
  const base = attributesOf(context);
  const verbs = [
    ...(isOnNode(context, allocatedNode(claim)) ? [`associated-node:${base.verb}`] : []),
    `arbitrary-node:${base.verb}`,
  ];
  const found: FieldError[] = [];
  for (const name of changedDrivers(claim.status?.devices ?? [], old.status?.devices ?? [])) {
    const texts: string[] = [];
    for (const verb of verbs) {
      const text = await refusal(host, { ...base, verb, subresource: "driver", name });
      if (text === undefined) break;
      texts.push(text);
    }
    // Any one of the verbs will do.
    if (texts.length < verbs.length) continue;
    const needs = `changing status.devices requires resource="resourceclaims/driver", verb="[${verbs.join(" ")}]" permission`;
    found.push(field.forbidden("status.devices", `${needs}: ${texts[0]}`));
  }
  return found;
}
