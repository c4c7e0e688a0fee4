// Whoever writes a policy or a binding with parameters must be able to read them: otherwise expressions and their messages
// would tell what is in them. Upstream: pkg/registry/admissionregistration/*/authz.go.
//
// It is an admission plugin that is always on and looks at objects that are found valid.
import {
  type KindDefinition,
  mutatingAdmissionPolicies,
  type ParamKind,
  type ParamRef,
  validatingAdmissionPolicies,
} from "../../api/index.ts";
import { field, invalid, type KubeObject, parseApiVersion, type UserInfo } from "../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../contract.ts";

interface Loose extends KubeObject {
  readonly spec?: { readonly paramKind?: ParamKind; readonly paramRef?: ParamRef; readonly policyName?: string };
}

const policyKinds: Readonly<Record<string, KindDefinition>> = {
  validatingadmissionpolicybindings: validatingAdmissionPolicies,
  mutatingadmissionpolicybindings: mutatingAdmissionPolicies,
};
const policies: ReadonlySet<string> = new Set(["validatingadmissionpolicies", "mutatingadmissionpolicies"]);

export function policyParamsCheck(host: Pick<AdmissionHost, "reader" | "authorizer" | "catalog">): AdmissionPlugin {
  return {
    name: "PolicyParamsCheck",
    handles: ({ kind, operation, subresource }) =>
      kind.group === "admissionregistration.k8s.io" &&
      subresource === "" &&
      (policies.has(kind.resource) || policyKinds[kind.resource] !== undefined) &&
      (operation === "CREATE" || operation === "UPDATE"),
    async validate(attributes) {
      const { object, user, kind } = attributes;
      if (object === undefined || user.groups.includes("system:masters")) return;
      const text = policies.has(kind.resource) ? await checkPolicy(attributes) : await checkBinding(attributes);
      if (text === undefined) return;
      const path = policies.has(kind.resource) ? "spec.paramKind" : "spec.paramRef";
      throw invalid(kind, attributes.name, [field.forbidden(path, text)]);
    },
  };

  async function checkPolicy({ object, oldObject, user }: AdmissionAttributes): Promise<string | undefined> {
    const paramKind = (object as Loose).spec?.paramKind;
    const before = (oldObject as Loose | undefined)?.spec?.paramKind;
    if (paramKind === undefined) return undefined;
    if (before?.apiVersion === paramKind.apiVersion && before?.kind === paramKind.kind) return undefined;
    if (await allowed(user, "get", { ...target(paramKind), name: "*", namespace: "*" })) return undefined;
    return `user ${show(user)} must have "get" permission on all objects of the referenced paramKind (kind=${paramKind.kind}, apiVersion=${paramKind.apiVersion})`;
  }

  async function checkBinding({ object, user, kind }: AdmissionAttributes): Promise<string | undefined> {
    const { paramRef, policyName = "" } = (object as Loose).spec ?? {};
    if (paramRef === undefined) return undefined;
    const policy = host.reader.get(policyKinds[kind.resource]!, "", policyName) as Loose | undefined;
    const paramKind = policy?.spec?.paramKind;
    const verb = paramRef.name ? "get" : "list";
    const at = { ...target(paramKind), name: paramRef.name ?? "", namespace: paramRef.namespace ?? "" };
    if (await allowed(user, verb, at)) return undefined;
    const needed = `and user ${show(user)} does not have "${verb}" permission for all groups, versions and resources`;
    if (policy === undefined)
      return `unable to get policy ${policyName} to determine minimum required permissions ${needed}`;
    if (paramKind !== undefined && at.resource === "*")
      return `unable to resolve paramKind &ParamKind{APIVersion:${paramKind.apiVersion},Kind:${paramKind.kind},} to determine minimum required permissions ${needed}`;
    // Upstream swaps the two for mutating policies.
    const [who, what] = kind.resource.startsWith("mutating") ? [verb, show(user)] : [show(user), verb];
    return `user ${who} does not have "${what}" permission on the object referenced by paramRef`;
  }

  /** Everything, where it can not be told what it is. */
  function target(paramKind: ParamKind | undefined): { group: string; version: string; resource: string } {
    if (paramKind === undefined) return { group: "*", version: "*", resource: "*" };
    const { group, version } = parseApiVersion(paramKind.apiVersion ?? "");
    const found = host.catalog.all.find(
      ({ kind }) => kind.group === group && kind.version === version && kind.kind === paramKind.kind,
    );
    return { group, version, resource: found?.kind.resource ?? "*" };
  }

  async function allowed(
    user: UserInfo,
    verb: string,
    at: { group: string; version: string; resource: string; name: string; namespace: string },
  ): Promise<boolean> {
    const attributes = { user, verb, resourceRequest: true, subresource: "", path: "", ...at };
    return (await host.authorizer.authorize(attributes)).decision === "allow";
  }
}

/** As Go prints a pointer to user.DefaultInfo. */
function show({ username, uid = "", groups, extra = {} }: UserInfo): string {
  const more = Object.keys(extra)
    .sort()
    .map((key) => `${key}:[${extra[key]!.join(" ")}]`);
  return `&{${username} ${uid} [${groups.join(" ")}] map[${more.join(" ")}]}`;
}
