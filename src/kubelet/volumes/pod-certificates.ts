// Certificates of pods for projected volumes: a PodCertificateRequest for each source, its key kept here, a new one when it is time.
// Upstream: pkg/kubelet/podcertificate; texts and events are theirs. Nothing outlives the kubelet: what runs gets new ones.
import {
  type Pod,
  type PodCertificateRequest,
  podCertificateRequests,
  serviceAccounts,
  type VolumeProjection,
} from "../../api/index.ts";
import { errorText, type Timer } from "../../base/index.ts";
import type { Informer } from "../../client/index.ts";
import { parseTime } from "../../machinery/index.ts";
import { type KubeletContext, podEvent } from "../context.ts";
import { podUid } from "../pod.ts";
import { keyAndRequest } from "./certificate-request.ts";
import { pemBlock, pemBodies } from "./pem.ts";
import type { FollowOptions } from "./trust-bundles.ts";

type Wish = NonNullable<VolumeProjection["podCertificate"]>;

export interface Credentials {
  /** PEM text. */
  readonly key: string;
  readonly chain: string;
}

export interface CertificateSource {
  readonly volume: string;
  readonly index: number;
  readonly wish: Wish;
}

export interface PodCertificates {
  /** Asks for all of the pod's the first time; throws until they are issued. */
  credentials(pod: Pod, source: CertificateSource): Credentials;
  forget(podUid: string): void;
}

interface Issued extends Credentials {
  readonly refreshMs: number;
  readonly expiresMs: number;
}

/** A request whose answer is awaited. */
interface Pending {
  readonly key: string;
  readonly name: string;
  /** Not seen by then it is taken for deleted. */
  readonly abandonMs: number;
}

interface Record {
  pod: Pod;
  readonly wish: Wish;
  issued: Issued | undefined;
  pending: Pending | undefined;
  /** Why there never will be any. */
  refused: string | undefined;
  toldOverdue: boolean;
  toldExpired: boolean;
  busy: boolean;
  again: boolean;
  failures: number;
  timer: Timer | undefined;
}

interface Parts {
  readonly context: KubeletContext;
  readonly requests: Informer<PodCertificateRequest>;
  readonly changed: (podUid: string) => void;
}

const minuteMs = 60_000;
const abandonMs = 10 * minuteMs;
const overdueMs = 10 * minuteMs;
const jitterMs = 5 * minuteMs;
const firstRetryMs = 500;
const lookAgainMs = minuteMs;

export function createPodCertificates(context: KubeletContext, options: FollowOptions): PodCertificates {
  const records = new Map<string, Map<string, Record>>();
  let parts: Parts | undefined;

  const started = (): Parts => {
    if (parts !== undefined) return parts;
    const requests = options.informers.informer<PodCertificateRequest>(podCertificateRequests, {
      fieldSelector: `spec.nodeName=${context.nodeName}`,
    });
    parts = { context, requests, changed: options.changed };
    const all = parts;
    const look = ({ spec }: PodCertificateRequest): void => {
      for (const record of records.get(spec.podUID)?.values() ?? []) void advance(all, record);
    };
    requests.addHandler({ add: look, update: (_, after) => look(after), delete: look });
    options.signal.addEventListener("abort", () => [...records.keys()].forEach(forget), { once: true });
    return parts;
  };
  const forget = (uid: string): void => {
    for (const record of records.get(uid)?.values() ?? []) {
      record.refused ??= "the pod is gone";
      record.timer?.cancel();
    }
    records.delete(uid);
  };

  return {
    credentials(pod, source) {
      const all = started();
      const uid = podUid(pod);
      const ofPod = records.get(uid) ?? new Map<string, Record>();
      if (!records.has(uid)) {
        records.set(uid, ofPod);
        for (const each of sourcesOf(pod)) ask(all, ofPod, { pod, source: each });
      }
      const record = ofPod.get(keyOf(source)) ?? ask(all, ofPod, { pod, source });
      record.pod = pod;
      if (record.refused !== undefined) throw new Error(record.refused);
      if (record.issued === undefined) throw new Error("credential bundle is not issued yet");
      return record.issued;
    },
    forget,
  };
}

const keyOf = ({ volume, index }: CertificateSource): string => `${volume}/${index}`;

const sourcesOf = (pod: Pod): CertificateSource[] =>
  (pod.spec.volumes ?? []).flatMap(({ name: volume, projected }) =>
    (projected?.sources ?? []).flatMap(({ podCertificate: wish }, index) =>
      wish === undefined ? [] : [{ volume, index, wish }],
    ),
  );

function ask(
  parts: Parts,
  records: Map<string, Record>,
  { pod, source }: { readonly pod: Pod; readonly source: CertificateSource },
): Record {
  const record = newRecord(pod, source.wish);
  records.set(keyOf(source), record);
  void advance(parts, record);
  return record;
}

const newRecord = (pod: Pod, wish: Wish): Record => ({
  ...{ pod, wish, issued: undefined, pending: undefined, refused: undefined, timer: undefined },
  ...{ toldOverdue: false, toldExpired: false, busy: false, again: false, failures: 0 },
});

/** One step at a time; what happens meanwhile is looked at behind it. */
async function advance(parts: Parts, record: Record): Promise<void> {
  if (record.refused !== undefined) return;
  if (record.busy) {
    record.again = true;
    return;
  }
  record.busy = true;
  record.timer?.cancel();
  let nextMs: number;
  try {
    do {
      record.again = false;
      nextMs = await step(parts, record);
    } while (record.again);
    record.failures = 0;
  } catch (error) {
    nextMs = Math.min(firstRetryMs * 2 ** record.failures++, lookAgainMs);
    const { name, namespace } = record.pod.metadata;
    parts.context.log.info("a certificate of a pod is not there yet", { name, namespace, error: errorText(error) });
  } finally {
    record.busy = false;
  }
  if (record.refused === undefined)
    record.timer = parts.context.clock.setTimeout(() => void advance(parts, record), nextMs, { background: true });
}

/** Milliseconds until it is worth looking again when nothing happens. */
async function step(parts: Parts, record: Record): Promise<number> {
  const { context } = parts;
  const { pending, issued } = record;
  if (pending !== undefined) return look(parts, record, pending);
  const nowMs = context.clock.now();
  if (issued !== undefined && nowMs < issued.refreshMs) return Math.max(issued.refreshMs - nowMs, 1);
  tellLateness(context, record);
  record.pending = await request(context, record);
  // It may have been answered before it was known here.
  record.again = parts.requests.get(record.pod.metadata.namespace ?? "", record.pending.name) !== undefined;
  return lookAgainMs;
}

function tellLateness(context: KubeletContext, record: Record): void {
  const { issued, pod } = record;
  if (issued === undefined) return;
  const nowMs = context.clock.now();
  const warn = (reason: string, message: string): void => podEvent(context, pod, { type: "Warning", reason, message });
  if (nowMs > issued.refreshMs + overdueMs && !record.toldOverdue) {
    warn("CertificateOverdueForRefresh", "PodCertificate refresh overdue");
    record.toldOverdue = true;
  }
  if (nowMs > issued.expiresMs && !record.toldExpired) {
    warn("CertificateExpired", "PodCertificate expired");
    record.toldExpired = true;
  }
}

async function request(context: KubeletContext, { pod, wish }: Record): Promise<Pending> {
  const { client, clock, rng, nodeName } = context;
  const { name, uid } = pod.metadata;
  const namespace = pod.metadata.namespace ?? "";
  const accountName = pod.spec.serviceAccountName || "default";
  const account = await client.of(serviceAccounts).get({ namespace, name: accountName });
  const { key, request: stubPKCS10Request } = await keyAndRequest(wish.keyType);
  const { maxExpirationSeconds, userAnnotations } = wish;
  const made = await client.of(podCertificateRequests).create({
    apiVersion: "certificates.k8s.io/v1beta1",
    kind: "PodCertificateRequest",
    metadata: { namespace, generateName: "req-", ownerReferences: [{ apiVersion: "v1", kind: "Pod", name, uid }] },
    spec: {
      ...{ signerName: wish.signerName, podName: name, podUID: uid, nodeName, nodeUID: context.node()?.metadata.uid },
      ...{ serviceAccountName: accountName, serviceAccountUID: account.metadata.uid, stubPKCS10Request },
      ...(maxExpirationSeconds === undefined ? {} : { maxExpirationSeconds }),
      ...(userAnnotations === undefined ? {} : { unverifiedUserAnnotations: userAnnotations }),
    },
  } as PodCertificateRequest);
  return {
    key: pemBlock("PRIVATE KEY", key),
    name: made.metadata.name,
    abandonMs: clock.now() + abandonMs + rng.next() * jitterMs,
  };
}

/** At the request that was made. */
function look(parts: Parts, record: Record, pending: Pending): number {
  const { context, changed } = parts;
  const { pod } = record;
  const found = parts.requests.get(pod.metadata.namespace ?? "", pending.name);
  if (found === undefined) {
    if (context.clock.now() <= pending.abandonMs) return lookAgainMs;
    record.pending = undefined;
    throw new Error(`PodCertificateRequest "${pod.metadata.namespace}/${pending.name}" appears to have been deleted`);
  }
  for (const condition of found.status?.conditions ?? []) {
    if (condition.type === "Issued") {
      record.issued = issuedBy(found, pending.key, context.rng.next() * jitterMs);
      record.pending = undefined;
      record.toldOverdue = false;
      record.toldExpired = false;
      changed(podUid(pod));
      return Math.max(record.issued.refreshMs - context.clock.now(), 1);
    }
    if (condition.type === "Denied" || condition.type === "Failed") {
      refuse(parts, record, { found, condition });
      return lookAgainMs;
    }
  }
  tellLateness(context, record);
  return lookAgainMs;
}

const issuedBy = ({ status }: PodCertificateRequest, key: string, laterMs: number): Issued => ({
  key,
  chain: pemBodies(status?.certificateChain ?? "")
    .map((each) => pemBlock("CERTIFICATE", each))
    .join(""),
  refreshMs: parseTime(status?.beginRefreshAt) + laterMs,
  expiresMs: parseTime(status?.notAfter),
});

type Conditions = NonNullable<NonNullable<PodCertificateRequest["status"]>["conditions"]>;

function refuse(
  { context, changed }: Parts,
  record: Record,
  { found, condition }: { found: PodCertificateRequest; condition: Conditions[number] },
): void {
  const { type, reason = "", message = "" } = condition;
  const why = `reason=${JSON.stringify(reason)}`;
  const what = `${why}, message=${JSON.stringify(message)}`;
  const name = `${found.metadata.namespace}/${found.metadata.name}`;
  const text = `PodCertificateRequest ${name} ${type === "Denied" ? "was denied" : "failed"}, ${what}`;
  // Upstream gives the reason for the format of the message.
  podEvent(context, record.pod, { type: "Warning", reason: type, message: `${reason}%!(EXTRA string=${text})` });
  record.refused = `PodCertificateRequest was permanently ${type.toLowerCase()}: ${why} message=${JSON.stringify(message)}`;
  record.issued = undefined;
  changed(podUid(record.pod));
}
