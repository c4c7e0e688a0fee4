// What the documents show of Go's types beside the schema: which fields are pointers, defaults and unions.
import extras from "../../../facts/openapi-extras.json" with { type: "json" };
import { messageFields } from "../protobuf/table.ts";

const defaults = extras.defaults as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
const unions = extras.unions as Readonly<Record<string, unknown>>;

export interface GoType {
  isPointer(field: string): boolean;
  /** The default beside the zero value of a required field; null: not even that. Undefined: what the schema says holds. */
  defaultOf(field: string): unknown;
}

export function goTypeOf(definition: string): GoType {
  const message = definition
    .replace(/^io\.k8s\.apiextensions-apiserver\./, "k8s.io.apiextensions_apiserver.")
    .replace(/^io\.k8s\.kube-aggregator\./, "k8s.io.kube_aggregator.")
    .replace(/^io\.k8s\./, "k8s.io.");
  const fields = messageFields(message);
  return {
    isPointer: (field) => fields?.get(field)?.optional === true,
    defaultOf: (field) => defaults[definition]?.[field],
  };
}

/** x-kubernetes-unions of a definition. */
export const unionsOf = (definition: string): unknown => unions[definition];
