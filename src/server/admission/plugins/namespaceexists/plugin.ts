// Nothing is written in a namespace that is not there. Upstream: plugin/pkg/admission/namespace/exists.
import { namespaces } from "../../../../api/index.ts";
import { notFound } from "../../../../machinery/index.ts";
import type { AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { findNamespace } from "../../lib/namespaces.ts";

export const createNamespaceExists = ({ reader }: AdmissionHost): AdmissionPlugin => ({
  name: "NamespaceExists",
  handles: ({ operation, namespace, kind }) =>
    operation !== "CONNECT" && namespace !== "" && !(kind.group === "" && kind.kind === "Namespace"),
  async validate({ namespace }) {
    if ((await findNamespace(reader, namespace)) === undefined) throw notFound(namespaces, namespace);
  },
});
