// The namespace that a request is about, also right after it was made.
import { type Namespace, namespaces } from "../../../api/index.ts";
import type { ObjectReader } from "../../contract.ts";

export const findNamespace = async (reader: ObjectReader, name: string): Promise<Namespace | undefined> =>
  reader.get<Namespace>(namespaces, "", name) ?? (await reader.getFresh<Namespace>(namespaces, "", name));
