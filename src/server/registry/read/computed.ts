// GET and LIST of kinds that are not stored but made when they are asked for. Upstream: registry/core/componentstatus.
import { fieldMatcher, type KubeObject, notFound, parseLabelSelector } from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import { includeObjectOf } from "../../content/include.ts";
import { notList } from "../../content/negotiate.ts";
import { partialObject, tableOf } from "../../content/table.ts";
import type { RequestContext } from "../../context.ts";
import type { Answer } from "../../core.ts";
import { listQuery } from "./list-query.ts";

type Compute = () => Promise<readonly KubeObject[]>;

export async function readComputed(
  context: RequestContext,
  resource: ServedResource,
  compute: Compute,
): Promise<Answer> {
  const { info } = context;
  if (info.verb === "get") {
    const found = (await compute()).find(({ metadata }) => metadata.name === info.name);
    if (found === undefined)
      throw notFound({ group: resource.kind.group, resource: resource.kind.singular }, info.name);
    return answer(context, resource, { objects: [found], list: false });
  }
  const { fields } = listQuery(context, resource).selection;
  const labels = parseLabelSelector(context.query.get("labelSelector") ?? "");
  const matcher = fieldMatcher(fields.requirements);
  const objects = (await compute()).filter(
    ({ metadata }) =>
      labels.matches(metadata.labels) && matcher.matches({ "metadata.name": metadata.name, "metadata.namespace": "" }),
  );
  return answer(context, resource, { objects, list: true });
}

function answer(
  context: RequestContext,
  resource: ServedResource,
  of: { readonly objects: readonly KubeObject[]; readonly list: boolean },
): Answer {
  const { transform } = context.accepted;
  const { objects, list } = of;
  const { kind, apiVersion } = resource;
  if (transform?.as === "Table") {
    const include = includeObjectOf(context.query);
    const form = { version: transform.version, include, now: context.nowMs };
    const value = tableOf(kind, objects, { ...form, metadata: {}, columns: true });
    return { type: "made", value };
  }
  if (transform !== undefined) {
    if ((transform.as === "PartialObjectMetadataList") !== list) throw notList(transform.as, resource, list);
    const partial = objects.map((each) => partialObject(each, transform.version));
    const listed = { kind: "PartialObjectMetadataList", apiVersion: `meta.k8s.io/${transform.version}`, metadata: {} };
    return { type: "made", value: list ? { ...listed, items: partial } : partial[0]! };
  }
  if (!list) return { type: "made", value: { kind: kind.kind, apiVersion, ...objects[0] } };
  const items = objects.map(({ kind: _, apiVersion: __, ...rest }) => rest);
  return { type: "made", value: { kind: `${kind.kind}List`, apiVersion, metadata: {}, items } };
}
