// The query of LIST, WATCH and DELETECOLLECTION: values first, then label selector, field selector, rules between options, field names.
// Upstream: conversion of url.Values to ListOptions, internalversion/validation, and listOpts of handlers/get.go, in their order.

import { storageScope } from "../../../api/index.ts";
import {
  badRequest,
  type FieldError,
  type FieldMatcher,
  field,
  fieldMatcher,
  invalid,
  parseFieldSelector,
  parseLabelSelector,
} from "../../../machinery/index.ts";
import type { ServedResource } from "../../catalog.ts";
import type { RequestContext } from "../../context.ts";
import { isTrue } from "../../request-info.ts";
import type { Selection } from "../../watchcache/index.ts";

export interface ListQuery {
  readonly selection: Selection;
  readonly resourceVersion: string;
  readonly match: string;
  readonly timeoutSeconds: bigint | undefined;
  readonly limit: bigint;
  readonly continue: string;
  readonly sendInitialEvents: boolean | undefined;
  readonly bookmarks: boolean;
}

/**
 * Throws StatusError 400 or 422 with upstream's texts. What the query says chooses the rules: those of the paths that are
 * watches by themselves are those of lists.
 */
export function listQuery(context: RequestContext, resource: ServedResource): ListQuery {
  const { query } = context;
  const timeoutSeconds = int64Of(query, "timeoutSeconds");
  const limit = int64Of(query, "limit") ?? 0n;
  const initial = query.get("sendInitialEvents");
  const labels = parseLabelSelector(query.get("labelSelector") ?? "");
  const fields = parseFieldSelector(query.get("fieldSelector") ?? "");
  const options = {
    resourceVersion: query.get("resourceVersion") ?? "",
    match: query.get("resourceVersionMatch") ?? "",
    timeoutSeconds,
    limit,
    continue: query.get("continue") ?? "",
    sendInitialEvents: initial === null ? undefined : isTrue(initial),
    bookmarks: isTrue(query.get("allowWatchBookmarks")),
  };
  const found = isTrue(query.get("watch")) ? checkWatch(options) : checkList(options);
  if (found.length > 0) throw invalid({ group: "meta.k8s.io", kind: "ListOptions" }, "", found);
  checkFields(resource, fields);
  return {
    ...options,
    selection: {
      scope: storageScope(resource.stored, context.info.namespace),
      namespace: resource.kind.namespaced ? context.info.namespace : "",
      labels,
      fields: storedFields(resource, fields),
    },
  };
}

/** What Go's ParseInt makes of the parameter; undefined: it is not there. Throws StatusError 400. */
export function int64Of(query: URLSearchParams, name: string): bigint | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  const fail = (why: string): Error => badRequest(`strconv.ParseInt: parsing ${JSON.stringify(text)}: ${why}`);
  if (!/^[+-]?\d+$/.test(text)) throw fail("invalid syntax");
  const value = BigInt(text.replace(/^\+/, ""));
  if (BigInt.asIntN(64, value) !== value) throw fail("value out of range");
  return value;
}

type Options = Omit<ListQuery, "selection">;

const at = "resourceVersionMatch";
const withContinue = "resourceVersionMatch is forbidden when continue is provided";

function checkList({ match, resourceVersion, continue: token, sendInitialEvents }: Options): FieldError[] {
  const found: FieldError[] = [];
  if (match !== "") {
    if (resourceVersion === "")
      found.push(field.forbidden(at, "resourceVersionMatch is forbidden unless resourceVersion is provided"));
    if (token !== "") found.push(field.forbidden(at, withContinue));
    if (match !== "Exact" && match !== "NotOlderThan")
      found.push(field.notSupported(at, match, ["Exact", "NotOlderThan", ""]));
    if (match === "Exact" && resourceVersion === "0")
      found.push(field.forbidden(at, 'resourceVersionMatch "exact" is forbidden for resourceVersion "0"'));
  }
  if (sendInitialEvents !== undefined)
    found.push(field.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
  return found;
}

/** A watch from the beginning that says nothing of initial events is given them; upstream sets both options before it checks. */
function checkWatch({ match, resourceVersion, continue: token, sendInitialEvents }: Options): FieldError[] {
  const found: FieldError[] = [];
  const legacy = resourceVersion === "" || resourceVersion === "0";
  const given = sendInitialEvents === undefined && match === "" && legacy;
  const effective = given ? "NotOlderThan" : match;
  if (sendInitialEvents !== undefined && match !== "NotOlderThan")
    found.push(field.forbidden(at, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"));
  if (effective === "") return found;
  if (sendInitialEvents === undefined && !given)
    found.push(field.forbidden(at, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"));
  if (effective !== "NotOlderThan") found.push(field.notSupported(at, match, ["NotOlderThan"]));
  if (token !== "") found.push(field.forbidden(at, withContinue));
  return found;
}

/** The selector in the words of the stored version. */
function storedFields({ kind }: ServedResource, fields: FieldMatcher): FieldMatcher {
  const { storedFieldNames: names } = kind;
  if (names === undefined) return fields;
  return fieldMatcher(fields.requirements.map((each) => ({ ...each, field: names[each.field] ?? each.field })));
}

function checkFields(resource: ServedResource, fields: FieldMatcher): void {
  const known = resource.kind.selectableFields;
  for (const { field: name } of fields.requirements) {
    if (name === "" || name === "metadata.name") continue;
    // Kinds with fields of their own list all they know, and those without namespaces know of none.
    if (name === "metadata.namespace" && (known === undefined || resource.kind.namespaced)) continue;
    if (known === undefined)
      throw badRequest(
        `${JSON.stringify(name)} is not a known field selector: only "metadata.name", "metadata.namespace"`,
      );
    if (known[name] === undefined) throw badRequest(fieldProblem(resource, name));
  }
}

/** Each kind with fields of its own says it its own way. */
function fieldProblem({ kind }: ServedResource, name: string): string {
  if (kind.group === "batch" && kind.kind === "Job") return `field label ${JSON.stringify(name)} not supported for Job`;
  if (kind.kind === "ResourceSlice")
    return `field label not supported for ${kind.group}/${kind.version}, Kind=ResourceSlice: ${name}`;
  return `field label not supported: ${name}`;
}
