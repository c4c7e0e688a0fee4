// Answers into responses: stored bytes as they are where that is what the client asked for.

import type { KindDefinition } from "../../api/index.ts";
import { type ApiResponse, encodeJson, type KubeObject, toYaml } from "../../machinery/index.ts";
import type { CustomServing, ServedResource } from "../catalog.ts";
import type { RequestContext } from "../context.ts";
import type { Answer } from "../core.ts";
import { plainFailure } from "../registry/read/get.ts";
import type { ListResult } from "../registry/read/list.ts";
import { servedForm, shown } from "../registry/store-object.ts";
import type { CachedObject } from "../watchcache/index.ts";
import { cborGate, cborResponse, cborSequence, cborType } from "./cbor.ts";
import { includeObjectOf } from "./include.ts";
import { compressible, jsonBody } from "./json-body.ts";
import { joinItems, joinWhole } from "./list-text.ts";
import { type AnswerType, notAcceptable, notList, spokenTypes } from "./negotiate.ts";
import { protobufList, protobufObject, protobufResponse, protobufType } from "./protobuf.ts";
import { partialObject, type TabledKind, tableOf, shown as withRowMetadata } from "./table.ts";

const encoder = new TextEncoder();
const json = { "content-type": "application/json" };

/** The head of a watch's answer says what its frames are. */
const watchTypes: Readonly<Record<AnswerType, string>> = {
  "application/json": "application/json",
  "application/yaml": "application/yaml",
  "application/vnd.kubernetes.protobuf": "application/vnd.kubernetes.protobuf;stream=watch",
  "application/cbor": cborSequence,
};

export function respond(context: RequestContext, answer: Answer): ApiResponse | Promise<ApiResponse> {
  const response = responseOf(context, answer);
  return response instanceof Promise
    ? response.then((each) => compressed(context, each))
    : compressed(context, response);
}

function compressed(context: RequestContext, response: ApiResponse): ApiResponse {
  if (response.bytes === undefined || context.request.headers["accept-encoding"] === undefined) return response;
  return context.core.featureEnabled("APIResponseCompression") ? { ...response, ...compressible } : response;
}

function responseOf(context: RequestContext, answer: Answer): ApiResponse | Promise<ApiResponse> {
  switch (answer.type) {
    case "response":
      return answer.response;
    case "watch":
      return {
        status: 200,
        headers: { "content-type": watchTypes[context.accepted.mediaType] },
        watch: answer.watcher,
      };
    case "value":
      return valueResponse(context, answer.status, checkedValue(context, answer));
    case "made":
      return valueResponse(context, 200, answer.value);
    case "object":
      return objectResponse(context, answer);
    case "list":
      return listResponse(context, answer.resource, answer.list);
  }
}

/** A review can be asked for as metadata alone, but not as a table of columns it does not have. */
function checkedValue(context: RequestContext, { value, columns }: Extract<Answer, { type: "value" }>): object {
  const { transform } = context.accepted;
  if (transform === undefined || (value as { kind?: string }).kind === "Status") return value;
  if (transform.as === "PartialObjectMetadata") return partialObject(value as KubeObject, transform.version);
  if (transform.as === "Table" && columns !== undefined) {
    const object = value as KubeObject;
    const metadata = { resourceVersion: object.metadata.resourceVersion ?? "" };
    const table = { objects: [object], metadata, version: transform.version };
    return tableFor(context, { kind: object.kind, group: "", columns }, table);
  }
  const { apiVersion = "", kind = "" } = value as { readonly apiVersion?: string; readonly kind?: string };
  if (transform.as === "PartialObjectMetadataList") {
    const group = apiVersion.includes("/") ? apiVersion.split("/", 1)[0]! : "";
    throw notList(transform.as, { stored: { group }, kind: { kind } }, false);
  }
  throw notAcceptable(spokenTypes(context.core.featureEnabled(cborGate)));
}

function valueResponse(
  context: Pick<RequestContext, "request" | "accepted">,
  status: number,
  value: object,
): ApiResponse | Promise<ApiResponse> {
  if (context.request.objects === true) return { status, headers: json, object: value };
  if (context.accepted.mediaType === protobufType) return protobufResponse(status, value);
  if (context.accepted.mediaType === cborType) return cborResponse(status, value);
  if (context.accepted.mediaType === "application/yaml")
    return { status, headers: { "content-type": "application/yaml" }, bytes: [encoder.encode(toYaml(value))] };
  return { status, headers: json, bytes: jsonBody(context.request, encodeJson(value)) };
}

function objectResponse(
  context: RequestContext,
  answer: Extract<Answer, { type: "object" }>,
): ApiResponse | Promise<ApiResponse> {
  const { resource, object, status } = answer;
  const { transform, mediaType } = context.accepted;
  if (transform !== undefined) {
    const { kind, form } = formSource(context, resource);
    const served = form(object);
    if (transform.as === "PartialObjectMetadataList")
      throw resource.custom === undefined
        ? notList(transform.as, resource, false)
        : plainFailure("content is not a list");
    if (transform.as === "PartialObjectMetadata")
      return valueResponse(context, status, partialObject(withRowMetadata(kind, served), transform.version));
    const metadata = { resourceVersion: served.metadata.resourceVersion };
    return valueResponse(
      context,
      status,
      tableFor(context, kind, { objects: [served], metadata, version: transform.version }),
    );
  }
  if (mediaType === protobufType && context.request.objects !== true) return protobufObject(status, resource, object);
  const remade = mediaType === "application/yaml" || mediaType === cborType;
  if (context.request.objects === true || remade || resource.rules.convert !== undefined)
    return valueResponse(context, status, servedForm(resource, object));
  return { status, headers: json, bytes: jsonBody(context.request, shown(resource, object).bytes) };
}

function listResponse(
  context: RequestContext,
  resource: ServedResource,
  list: ListResult,
): ApiResponse | Promise<ApiResponse> {
  const { transform, mediaType } = context.accepted;
  const metadata = {
    resourceVersion: String(list.revision),
    ...(list.continue === undefined ? {} : { continue: list.continue }),
    ...(list.remainingItemCount === undefined ? {} : { remainingItemCount: list.remainingItemCount }),
    ...(list.shardInfo === undefined || transform !== undefined ? {} : { shardInfo: list.shardInfo }),
  };
  if (transform !== undefined) {
    const { kind, form } = formSource(context, resource);
    const objects = list.items.map(form);
    if (transform.as === "PartialObjectMetadata") throw notList(transform.as, resource, true);
    if (transform.as === "Table")
      return valueResponse(context, 200, tableFor(context, kind, { objects, metadata, version: transform.version }));
    const items = objects.map((object) => partialObject(withRowMetadata(kind, object), transform.version));
    return valueResponse(context, 200, {
      kind: "PartialObjectMetadataList",
      apiVersion: `meta.k8s.io/${transform.version}`,
      metadata,
      items: items.length === 0 ? null : items,
    });
  }
  const { custom } = resource;
  const head =
    custom === undefined
      ? { kind: `${resource.kind.kind}List`, apiVersion: resource.apiVersion, metadata }
      : { kind: custom.listKind, apiVersion: resource.apiVersion, metadata: { continue: "", ...metadata } };
  if (context.request.objects === true)
    return valueResponse(context, 200, { ...head, items: list.items.map((item) => servedForm(resource, item)) });
  if (mediaType === protobufType) return protobufList(resource, metadata, list.items);
  if (mediaType === "application/yaml" || mediaType === cborType || resource.rules.convert !== undefined) {
    const items = list.items.map((item) => {
      const served = servedForm(resource, item);
      if (custom !== undefined) return served;
      const { kind: _, apiVersion: __, ...rest } = served;
      return rest;
    });
    return valueResponse(context, 200, { ...head, items });
  }
  const { pieces, release } =
    custom === undefined ? joinItems(head, list.items) : joinWhole(head, servedItems(custom, list.items));
  return { status: 200, headers: json, bytes: jsonBody(context.request, ...pieces), release };
}

/** The same list when all are served as they are stored: who reads it next finds its text. */
const servedItems = ({ served }: CustomServing, items: readonly CachedObject[]): readonly CachedObject[] =>
  items.every((item) => served(item) === item) ? items : items.map(served);

/** Tables and metadata are made of what is stored: what a conversion puts into an object is not in it yet. */
function formSource(
  context: RequestContext,
  resource: ServedResource,
): { readonly kind: KindDefinition; readonly form: (object: CachedObject) => KubeObject } {
  const whole = context.accepted.transform?.as === "Table" && includeObjectOf(context.query) === "Object";
  if (resource.rules.convert === undefined || whole)
    return { kind: resource.kind, form: (object) => servedForm(resource, object) };
  return { kind: resource.stored, form: ({ object }) => object };
}

function tableFor(
  context: RequestContext,
  kind: TabledKind,
  table: { objects: readonly KubeObject[]; metadata: { resourceVersion: string }; version: "v1" | "v1beta1" },
): object {
  const form = { version: table.version, include: includeObjectOf(context.query), now: context.nowMs, columns: true };
  return tableOf(kind, table.objects, { ...form, metadata: table.metadata });
}
