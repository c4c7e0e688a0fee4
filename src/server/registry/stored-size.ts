// How large an object may be: what etcd takes in one request, since every Kubernetes has that limit and clients know its errors.
// Upstream: etcd's --max-request-bytes and its client's MaxCallSendMsgSize; apiserver's handlers/rest.go isTooLargeError.
import { storageKey } from "../../api/index.ts";
import { type KubeObject, StatusError, scanJson, toJson } from "../../machinery/index.ts";
import type { ServedResource } from "../catalog.ts";
import { loadProtobuf } from "../content/protobuf-codec.ts";
import type { RequestContext } from "../context.ts";

/** A request in etcd's log, with what is around the value. */
const mostRequestBytes = 1.5 * 1024 * 1024;
/** A message to etcd; a larger one does not leave the client. */
const mostMessageBytes = 2 * 1024 * 1024;
/** JSON below this takes less than the limit in protobuf, whatever it says. */
export const suspectBytes = 1024 * 1024;
/** Objects of more values are measured before defaulting, admission and validation spend time on them. */
const manyValues = 40_000;
/** Bodies below this cannot hold so many. */
const smallBodyBytes = 2 * manyValues;

export interface StoredValue {
  readonly key: string;
  /** As it is stored here. */
  readonly json: Uint8Array;
  /** The same, in its storage version. */
  readonly object: KubeObject;
  readonly isUpdate: boolean;
}

/** What etcd would refuse the value with; undefined when it takes it. */
export async function tooLarge(resource: ServedResource, value: StoredValue): Promise<StatusError | undefined> {
  const measured = resource.custom === undefined ? (await loadProtobuf()).measureObject(value.object) : undefined;
  return refused(measured?.bytes ?? value.json.length + 1, value);
}

/**
 * Refuses a draft of very many values that would not be stored whatever becomes of it: with what has been sent alone it is too
 * large. Throws StatusError 500 as etcd's refusal is told.
 */
export async function checkWidth(context: RequestContext, resource: ServedResource, draft: KubeObject): Promise<void> {
  if (!mayBeWide(context, resource)) return;
  const { managedFields: _, ...metadata } = draft.metadata;
  const object = { ...draft, metadata };
  const measured =
    resource.custom === undefined ? (await loadProtobuf()).measureObject(object) : measuredJson(context, object);
  if (measured === undefined || measured.values < manyValues) return;
  const key = storageKey(resource.stored, context.info.namespace, draft.metadata.name ?? "");
  const error = refused(measured.bytes, { key, isUpdate: false });
  if (error !== undefined) throw error;
}

/** Custom resources are stored as JSON. */
function measuredJson({ request: { body } }: RequestContext, object: object): { bytes: number; values: number } {
  const values = body instanceof Uint8Array ? scanJson(body).values : 0;
  return { values, bytes: values < manyValues ? 0 : toJson(object).length };
}

/** Whether checkWidth has anything to measure. */
export function mayBeWide({ request }: RequestContext, resource: ServedResource): boolean {
  const { body, headers } = request;
  const bodyBytes = body instanceof Uint8Array ? body.length : Number(headers["content-length"] ?? 0);
  return resource.custom?.convertToStored === undefined && bodyBytes >= smallBodyBytes;
}

function refused(
  valueBytes: number,
  { key, isUpdate }: Pick<StoredValue, "key" | "isUpdate">,
): StatusError | undefined {
  const bytes = transactionBytes(valueBytes, { key, isUpdate });
  if (bytes > mostMessageBytes)
    return failure(
      `rpc error: code = ResourceExhausted desc = trying to send message larger than max (${bytes} vs. ${mostMessageBytes})`,
    );
  return bytes + logBytes > mostRequestBytes ? failure("etcdserver: request is too large") : undefined;
}

const failure = (message: string): StatusError => new StatusError({ code: 500, message });

/** What etcd's log adds to a transaction: an identity, and its own field. */
const logBytes = 17;

const field = (bytes: number): number => 1 + Math.max(1, Math.ceil((32 - Math.clz32(bytes)) / 7)) + bytes;

/** A transaction that compares the key's revision, puts the value and, in updates, else reads the key. */
function transactionBytes(valueBytes: number, { key, isUpdate }: Pick<StoredValue, "key" | "isUpdate">): number {
  const named = field(key.length);
  const compare = field(2 + named + 2);
  const put = field(field(named + field(valueBytes)));
  return compare + put + (isUpdate ? field(field(named)) : 0);
}
