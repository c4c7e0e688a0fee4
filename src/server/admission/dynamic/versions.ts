// The object of a request in the version that a rule asks for, and changes of it back into the draft.
// Upstream: k8s.io/apiserver/pkg/admission/conversion.go.
import {
  asFields,
  asObject,
  decodeValue,
  deepClone,
  encodeForStore,
  formatApiVersion,
  type GroupVersionKind,
  internalError,
  type KubeObject,
} from "../../../machinery/index.ts";
import type { Catalog, ServedResource } from "../../catalog.ts";
import type { AdmissionAttributes } from "../../contract.ts";
import { asCached, servedForm } from "../../registry/store-object.ts";
import { connectSchemas, isConnectKind } from "../../streaming/connect-options.ts";
import { changedKind, checkConvertible, customVersion } from "./changed-kind.ts";

export interface VersionedObject {
  readonly kind: GroupVersionKind;
  readonly object: KubeObject | undefined;
  readonly oldObject: KubeObject | undefined;
}

const sameKind = (a: GroupVersionKind, b: GroupVersionKind): boolean =>
  a.group === b.group && a.version === b.version && a.kind === b.kind;

/** Both objects as `kind`; as they are when that is what they are. */
export async function versioned(
  attributes: AdmissionAttributes,
  kind: GroupVersionKind,
  catalog: Catalog,
): Promise<VersionedObject> {
  const { object, oldObject, bodyKind } = attributes;
  if (sameKind(kind, bodyKind)) return { kind, object, oldObject };
  const [from, to] = conversion(attributes, kind, catalog);
  return {
    kind,
    object: object === undefined ? undefined : await convert(object, from, to),
    oldObject: oldObject === undefined ? undefined : await convert(oldObject, from, to),
  };
}

function conversion(
  { kind: own }: AdmissionAttributes,
  kind: GroupVersionKind,
  catalog: Catalog,
): readonly [ServedResource, ServedResource] {
  const from = catalog.find(own.group, own.version, own.resource);
  const to = catalog.all.find((each) => sameKind(each.kind, kind));
  if (from === undefined || to === undefined)
    throw internalError(`unable to convert to ${formatApiVersion(kind)}, Kind=${kind.kind}: unknown kind`);
  return [from, to];
}

/** By way of the stored form, which all versions have. */
async function convert(object: KubeObject, from: ServedResource, to: ServedResource): Promise<KubeObject> {
  const draft = deepClone(object);
  if (from.custom === undefined || to.custom === undefined) {
    const stored = from.rules.convert?.toStored(draft) ?? draft;
    return to.rules.convert?.fromStored(stored) ?? ({ ...stored, apiVersion: to.apiVersion } as KubeObject);
  }
  const stored = (await from.custom.convertToStored?.(draft)) ?? from.custom.toStored(draft);
  const cached = asCached(to, stored, { revision: 0, stored: encodeForStore(stored) });
  await to.custom.convert?.([cached]);
  return deepClone(servedForm(to, cached));
}

/** What a webhook or a policy made of the object goes into the draft of the request, decoded and defaulted as a body is. */
export async function replaceDraft(attributes: AdmissionAttributes, changed: Changed, catalog: Catalog): Promise<void> {
  const draft = asFields(attributes.object!);
  const { bodyKind } = attributes;
  const sent = readAs(changed, attributes, catalog);
  let object = decoded(sent, attributes, catalog);
  checkConvertible(sent.kind, changed.kind);
  if (!sameKind(sent.kind, bodyKind)) {
    const [own, other] = conversion(attributes, sent.kind, catalog);
    object = await convert(object, other, own);
  }
  for (const key of Object.keys(draft)) delete draft[key];
  Object.assign(draft, object);
}

interface Changed {
  readonly kind: GroupVersionKind;
  readonly object: Record<string, unknown>;
}

/** The object may come back as another version of its kind. */
function readAs(changed: Changed, attributes: AdmissionAttributes, catalog: Catalog): Changed {
  const { kind: own } = attributes;
  if (catalog.find(own.group, own.version, own.resource)?.custom !== undefined && attributes.subresource !== "scale") {
    const kind = customVersion(changed, catalog);
    return { ...changed, kind };
  }
  const kind = changedKind(changed, catalog);
  return { kind, object: { ...changed.object, kind: kind.kind, apiVersion: formatApiVersion(kind) } };
}

/** Unknown fields are dropped, wrong types refused. */
function decoded(changed: Changed, attributes: AdmissionAttributes, catalog: Catalog): KubeObject {
  const { kind, object } = changed;
  const own = attributes.kind;
  const isMain = sameKind(kind, own);
  const resource = isMain
    ? catalog.find(own.group, own.version, own.resource)
    : catalog.all.find((each) => sameKind(each.kind, kind));
  if (resource?.custom !== undefined) {
    resource.custom.coerce(object);
    resource.rules.default?.(asObject(object));
    return asObject(object);
  }
  const schemas = resource?.schemas ?? (isConnectKind(kind) ? connectSchemas : catalog.all[0]?.schemas);
  const schema = resource?.schema ?? schemas?.ofKind(kind);
  if (schemas === undefined || schema === undefined) return asObject(object);
  const draft = asObject(decodeValue(object, { schema, schemas, fieldValidation: "Ignore" }).object);
  resource?.rules.default?.(draft);
  return draft;
}
