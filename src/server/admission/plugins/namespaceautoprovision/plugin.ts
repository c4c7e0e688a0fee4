// A namespace is made when the first object is created in it. Upstream: plugin/pkg/admission/namespace/autoprovision.

import { type Namespace, namespaces } from "../../../../api/index.ts";
import { errorText } from "../../../../base/index.ts";
import { isAlreadyExists } from "../../../../machinery/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { refuse } from "../../framework.ts";
import { findNamespace } from "../../lib/namespaces.ts";

export const createNamespaceAutoProvision = ({ reader, writer }: AdmissionHost): AdmissionPlugin => ({
  name: "NamespaceAutoProvision",
  handles: ({ operation, namespace, kind, dryRun }) =>
    operation === "CREATE" && !dryRun && namespace !== "" && !(kind.group === "" && kind.kind === "Namespace"),
  async admit(attributes) {
    const { namespace: name } = attributes;
    if ((await findNamespace(reader, name)) !== undefined) return;
    try {
      await writer.create<Namespace>(namespaces, {
        apiVersion: "v1",
        kind: "Namespace",
        metadata: { name },
      } as Namespace);
    } catch (error) {
      if (isAlreadyExists(error)) return;
      throw refuse(attributes, errorText(error));
    }
  },
});
