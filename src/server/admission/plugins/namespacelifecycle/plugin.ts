// Nothing is created in a namespace that is not there or is going; the system's namespaces stay.
// Upstream: apiserver's admission/plugin/namespace/lifecycle.
import { type Namespace, namespaces } from "../../../../api/index.ts";
import { forbidden, notFound, StatusError } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { refuse } from "../../framework.ts";

const immortal: ReadonlySet<string> = new Set(["default", "kube-system", "kube-public"]);
const group = { group: "", resource: "namespaces" };

export function createNamespaceLifecycle({ reader }: AdmissionHost): AdmissionPlugin {
  const check = async (attributes: AdmissionAttributes): Promise<void> => {
    const { operation, kind, namespace, name } = attributes;
    if (operation === "DELETE" && kind.kind === "Namespace" && kind.group === "" && immortal.has(name))
      throw forbidden(group, name, "this namespace may not be deleted");
    if (namespace === "" || kind.kind === "Namespace" || operation === "DELETE") return;
    // Asking whether one may do something in a namespace tells nothing about it.
    if (kind.group === "authorization.k8s.io" && kind.resource === "localsubjectaccessreviews") return;
    const found =
      reader.get<Namespace>(namespaces, "", namespace) ?? (await reader.getFresh<Namespace>(namespaces, "", namespace));
    if (found === undefined) throw notFound(group, namespace);
    if (operation !== "CREATE" || found.status?.phase !== "Terminating") return;
    const error = refuse(
      attributes,
      `unable to create new content in namespace ${namespace} because it is being terminated`,
    );
    throw new StatusError({
      ...error.status,
      details: {
        ...error.status.details,
        causes: [
          {
            reason: "NamespaceTerminating",
            message: `namespace ${namespace} is being terminated`,
            field: "metadata.namespace",
          },
        ],
      },
    } as ConstructorParameters<typeof StatusError>[0]);
  };
  return { name: "NamespaceLifecycle", handles: ({ operation }) => operation !== "CONNECT", admit: check };
}
