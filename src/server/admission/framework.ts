// What admission plugins share.
import { forbidden, type KubeObject, type StatusError } from "../../machinery/index.ts";
import type { AdmissionAttributes } from "../contract.ts";

/** True for the main resource of this kind, not its subresources. */
export const isMain = (
  attributes: AdmissionAttributes,
  kind: { readonly group: string; readonly resource: string },
): boolean =>
  attributes.subresource === "" && attributes.kind.group === kind.group && attributes.kind.resource === kind.resource;

/** 403 for the object of the request. Upstream: admission.NewForbidden. */
export function refuse(attributes: AdmissionAttributes, why: string): StatusError {
  const { kind, object, name } = attributes;
  const shown = name !== "" ? name : nameOf(object);
  return forbidden({ group: kind.group, resource: kind.resource }, shown, why);
}

/** A generated name is not known yet: upstream shows its prefix. */
const nameOf = (object: KubeObject | undefined): string =>
  object?.metadata.name || object?.metadata.generateName || "Unknown";

/** The draft, as what the caller knows it is. */
export const draftOf = <T extends KubeObject>(attributes: AdmissionAttributes): T => attributes.object as T;

/** Several errors as upstream's aggregate: one alone, or all in brackets. */
export const aggregate = (texts: readonly string[]): string => {
  const unique = [...new Set(texts)];
  return unique.length === 1 ? unique[0]! : `[${unique.join(", ")}]`;
};
