// What the definitions of the group's kinds share. Upstream: pkg/registry/admissionregistration/*/storage.
import type { KubeObject } from "../../../machinery/index.ts";
import { allVerbs, type KindDefinition } from "../../kind.ts";

interface Names {
  readonly kind: string;
  readonly resource: string;
  readonly singular: string;
  readonly version?: "v1alpha1" | "v1beta1";
}

/** Everything but columns and subresources. Other versions than v1 are stored as v1. */
export const admissionKind = ({ kind, resource, singular, version }: Names) =>
  ({
    group: "admissionregistration.k8s.io",
    version: version ?? "v1",
    kind,
    resource,
    singular,
    shortNames: [],
    categories: ["api-extensions"],
    namespaced: false,
    verbs: allVerbs,
    ...(version === undefined ? {} : { storedAs: { group: "admissionregistration.k8s.io", version: "v1" } }),
  }) satisfies Partial<KindDefinition>;

/** Versions differ in nothing but their name. */
export const sameInVersion = <From extends KubeObject, To extends KubeObject>(
  object: From,
  apiVersion: To["apiVersion"],
): To => ({ ...object, apiVersion }) as unknown as To;
