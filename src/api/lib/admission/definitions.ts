// What the definitions of the group's kinds share. Upstream: pkg/registry/admissionregistration/*/storage.
import { allVerbs, type KindDefinition } from "../../kind.ts";

interface Names {
  readonly kind: string;
  readonly resource: string;
  readonly singular: string;
}

/** Everything but columns and subresources. */
export const admissionKind = ({ kind, resource, singular }: Names) =>
  ({
    group: "admissionregistration.k8s.io",
    version: "v1",
    kind,
    resource,
    singular,
    shortNames: [],
    categories: ["api-extensions"],
    namespaced: false,
    verbs: allVerbs,
  }) satisfies Partial<KindDefinition>;
