// The namespace of a request, as expressions see it.
import type { Namespace } from "../../../api/index.ts";
import { notFound } from "../../../machinery/index.ts";
import type { AdmissionAttributes, ObjectReader } from "../../contract.ts";
import { findNamespace } from "../dynamic/selectors.ts";

/** Undefined for what is in none; a Namespace is not in itself. Throws 404. */
export async function namespaceOf(
  { namespace, bodyKind }: AdmissionAttributes,
  reader: ObjectReader,
): Promise<Namespace | undefined> {
  const isNamespace = bodyKind.kind === "Namespace" && bodyKind.group === "" && bodyKind.version === "v1";
  if (namespace === "" || isNamespace) return undefined;
  const found = await findNamespace(reader, namespace);
  if (found === undefined) throw notFound({ group: "", resource: "namespaces" }, namespace);
  return found;
}
