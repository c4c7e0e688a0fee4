// namespaceSelector and objectSelector. Upstream: webhook/predicates/{namespace,object}/matcher.go.
import { namespaces } from "../../../api/index.ts";
import { type LabelSelector, labelSelectorMatcher, notFound, type StatusError } from "../../../machinery/index.ts";
import type { AdmissionAttributes, ObjectReader } from "../../contract.ts";

type Labels = Readonly<Record<string, string>>;

export interface Selectors {
  readonly namespaceSelector?: LabelSelector;
  readonly objectSelector?: LabelSelector;
}

/** `error`: the labels of the namespace could not be had; it counts only when the rest matches. */
export type Selected = { readonly selected: boolean; readonly error?: StatusError };

interface Compiled {
  readonly empty: boolean;
  matches(labels: Labels | undefined): boolean;
}

export interface CompiledSelectors {
  readonly namespaces: Compiled;
  readonly objects: Compiled;
}

const isEmpty = ({ matchLabels, matchExpressions }: LabelSelector): boolean =>
  Object.keys(matchLabels ?? {}).length === 0 && (matchExpressions ?? []).length === 0;

/** A selector that is not there selects everything: all stored configurations have one by default. */
const compile = (selector: LabelSelector | undefined): Compiled =>
  selector === undefined || isEmpty(selector)
    ? { empty: true, matches: () => true }
    : { empty: false, matches: labelSelectorMatcher(selector).matches };

/** Throws an Error for a selector that means nothing. */
export const compileSelectors = ({ namespaceSelector, objectSelector }: Selectors): CompiledSelectors => ({
  namespaces: compile(namespaceSelector),
  objects: compile(objectSelector),
});

export async function select(
  selectors: CompiledSelectors,
  attributes: AdmissionAttributes,
  reader: ObjectReader,
): Promise<Selected> {
  if (!objectSelected(selectors.objects, attributes)) return { selected: false };
  const { namespace, kind } = attributes;
  if (selectors.namespaces.empty || (namespace === "" && kind.resource !== "namespaces")) return { selected: true };
  const labels = await namespaceLabels(attributes, reader);
  if ("error" in labels) return { selected: true, error: labels.error };
  return { selected: selectors.namespaces.matches(labels.labels) };
}

/** The object as it is or as it was. */
const objectSelected = (selector: Compiled, { object, oldObject }: AdmissionAttributes): boolean =>
  selector.empty ||
  (object !== undefined && selector.matches(object.metadata?.labels ?? {})) ||
  (oldObject !== undefined && selector.matches(oldObject.metadata?.labels ?? {}));

/** A namespace that is being written is judged by what it will be. */
async function namespaceLabels(
  attributes: AdmissionAttributes,
  reader: ObjectReader,
): Promise<{ readonly labels: Labels } | { readonly error: StatusError }> {
  const { kind, subresource, operation, object, namespace } = attributes;
  if (kind.resource === "namespaces" && subresource === "" && (operation === "CREATE" || operation === "UPDATE"))
    return { labels: object?.metadata?.labels ?? {} };
  const found = await findNamespace(reader, namespace);
  return found === undefined
    ? { error: notFound({ group: "", resource: "namespaces" }, namespace) }
    : { labels: found.metadata.labels ?? {} };
}

/** From the cache; one that is not there yet may have come this moment. */
export const findNamespace = async (reader: ObjectReader, name: string) =>
  reader.get(namespaces, "", name) ?? (await reader.getFresh(namespaces, "", name));
