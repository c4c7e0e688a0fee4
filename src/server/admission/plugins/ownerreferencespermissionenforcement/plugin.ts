// Who names an owner must be allowed to delete the object, since the owner's end deletes it; who lets it hold up the owner's
// deletion must be allowed to change the owner's finalizers. Upstream: plugin/pkg/admission/gc.
import { deepEqual, type OwnerReference } from "../../../../machinery/index.ts";
import type { AccessAttributes, AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { refuse } from "../../framework.ts";

type Refs = readonly OwnerReference[];

export function createOwnerReferencesPermissionEnforcement(host: AdmissionHost): AdmissionPlugin {
  const { authorizer } = host;
  const mayDelete = async (attributes: AdmissionAttributes): Promise<void> => {
    const { kind, namespace, name, subresource, user } = attributes;
    const { group, version, resource } = kind;
    const { decision, reason, error } = await authorizer.authorize({
      ...{ user, verb: "delete", resourceRequest: true, path: "" },
      ...{ group, version, resource, subresource, namespace, name },
    });
    if (decision !== "allow")
      throw refuse(attributes, `cannot set an ownerRef on a resource you can't delete: ${reason}, ${error ?? "<nil>"}`);
  };
  const mayFinalize = async (attributes: AdmissionAttributes, ref: OwnerReference): Promise<void> => {
    for (const access of accessesOf(host, attributes, ref)) {
      const { decision, reason, error } = await authorizer.authorize(access);
      if (decision !== "allow")
        throw refuse(
          attributes,
          `cannot set blockOwnerDeletion if an ownerReference refers to a resource you can't set finalizers on: ${reason}, ${error ?? "<nil>"}`,
        );
    }
  };
  return {
    name: "OwnerReferencesPermissionEnforcement",
    handles: ({ operation, kind, subresource }) =>
      (operation === "CREATE" || operation === "UPDATE") &&
      !(kind.group === "" && kind.resource === "pods" && subresource === "status"),
    async validate(attributes) {
      const now: Refs = attributes.object?.metadata?.ownerReferences ?? [];
      const before: Refs = attributes.oldObject?.metadata?.ownerReferences ?? [];
      if (deepEqual(now, before)) return;
      if (attributes.operation !== "CREATE") await mayDelete(attributes);
      const blocking = now.filter(
        (ref) =>
          ref.blockOwnerDeletion === true && before.findLast((old) => old.uid === ref.uid)?.blockOwnerDeletion !== true,
      );
      if (blocking.length === 0) return;
      const anything = await authorizer.authorize(
        finalizers(attributes, { group: "*", version: "*", resource: "*", name: "*" }),
      );
      if (anything.decision === "allow") return;
      for (const ref of blocking) await mayFinalize(attributes, ref);
    },
  };
}

interface Owner {
  readonly group: string;
  readonly version: string;
  readonly resource: string;
  readonly name: string;
  readonly namespace?: string;
}

const finalizers = ({ user }: AdmissionAttributes, owner: Owner): AccessAttributes => ({
  namespace: "",
  ...owner,
  ...{ user, verb: "update", resourceRequest: true, subresource: "finalizers", path: "" },
});

/** One for each resource that serves the owner's kind. Throws 403 when there is none. */
function accessesOf(
  { catalog }: AdmissionHost,
  attributes: AdmissionAttributes,
  ref: OwnerReference,
): AccessAttributes[] {
  const parts = ref.apiVersion.split("/");
  const [group, version] = parts.length > 1 ? [parts[0]!, parts[1]!] : ["", parts[0]!];
  const found = catalog.all.filter(
    ({ kind }) => kind.group === group && kind.version === version && kind.kind === ref.kind,
  );
  if (found.length === 0)
    throw refuse(
      attributes,
      `cannot set blockOwnerDeletion in this case because cannot find RESTMapping for APIVersion ${ref.apiVersion} Kind ${ref.kind}: no matches for kind "${ref.kind}" in version "${ref.apiVersion}"`,
    );
  return found.map(({ kind: { resource, namespaced } }) =>
    finalizers(attributes, {
      ...{ group, version, resource, name: ref.name },
      ...(namespaced ? { namespace: attributes.namespace } : {}),
    }),
  );
}
