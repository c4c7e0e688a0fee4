// Takes out of objects, events and answers what differs from run to run, by the rules under which the scenarios were recorded.
// The rules are the tables below; what is left must be equal.
import { isDeepStrictEqual } from "node:util";
import type { KubeObject } from "../../src/machinery/index.ts";
import type { Json, RecordedEvent } from "./scenarios.ts";

/** What one run of a scenario knows of its surroundings. */
export interface Surroundings {
  readonly namespace: string;
  /** Who plays; `admin` in the recording. */
  readonly userName: string;
  readonly nodeName: string;
  readonly nodeIP: string;
  /** First two numbers of pod and service addresses, as `10.244.`. */
  readonly podPrefix: string;
  readonly servicePrefix: string;
  readonly kubeletRoot: string;
  /** Texts of the steps: an address that the client chose itself stays. */
  readonly sent: string;
  /** Every object that ever was in the namespace, oldest first. */
  readonly history: readonly KubeObject[];
}

type Rule = readonly [pattern: RegExp, replacement: string];

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
const base64 = (text: string): string => btoa(text);

/** Kinds that make objects named `<their name>-<rand>`. */
const makers = new Set(["ReplicaSet", "ReplicationController", "Job", "DaemonSet"]);

/** Texts that are equal in every run. */
const everywhere: readonly Rule[] = [
  [/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>"],
  [/kube-api-access-[a-z0-9]{5}/g, "kube-api-access-<rand>"],
  // `fake`: the simulated runtime.
  [/(?:containerd|fake):\/\/[0-9a-f]{64}/g, "containerd://<id>"],
  [/sha256:[0-9a-f]{64}/g, "<id>"],
  [/X509SHA256=[0-9a-f]{64}/g, "X509SHA256=<id>"],
  [/( timed out after )[0-9.µmns]+/g, "$1<dur>"],
  [/\b[0-9a-f]{64}\b/g, "<id>"],
];

/** Members by name, whatever object they are in. */
const members: Readonly<Record<string, (value: unknown, object: Json) => unknown>> = {
  resourceVersion: (value) => (/^\d+$/.test(String(value)) ? "<rv>" : value),
  imageID: (value) => (value === "" ? value : "<imageID>"),
  request: (value, object) => ("signerName" in object ? "<csr>" : value),
  certificate: () => "<certificate>",
  "ca.crt": () => "<certificate>",
  nodePort: (value) => (typeof value === "number" && value >= 30_000 ? "<port>" : value),
  healthCheckNodePort: (value) => (typeof value === "number" && value >= 30_000 ? "<port>" : value),
};

/** Lists whose order says nothing. */
const unordered = new Set(["conditions", "endpoints", "addresses", "notReadyAddresses", "ownerReferences"]);

/** Members that are not compared. Who wrote which field is judged by the recorded answers of the API. */
const leftOut = new Set([
  "managedFields",
  // There or not by which second of the clock a pod became ready in.
  "endpoints.kubernetes.io/last-change-trigger-time",
]);

/** What a server draws for generateName; a StatefulSet's ordinals are not drawn. */
const drawnSuffix = /^[bcdfghjklmnpqrstvwxz2456789]{5}$/;

function namesOf(surroundings: Surroundings): readonly Rule[] {
  const { history } = surroundings;
  const hashes = [
    ...new Set(
      history
        .filter(({ kind }) => kind === "ReplicaSet" || kind === "ControllerRevision")
        .map(
          ({ metadata: { labels = {} } }) =>
            (
              labels["pod-template-hash"] ??
              labels["controller.kubernetes.io/hash"] ??
              labels["controller-revision-hash"] ??
              ""
            )
              .split("-")
              .at(-1)!,
        )
        .filter((hash) => hash !== ""),
    ),
  ];
  const generated = history
    .filter(
      ({ metadata: { generateName, name = "" } }) =>
        generateName && name.startsWith(generateName) && drawnSuffix.test(name.slice(generateName.length)),
    )
    .map(({ metadata }): Rule => {
      const generateName = metadata.generateName!;
      return [new RegExp(`\\b${escaped(metadata.name!)}\\b`, "g"), `${generateName}<rand>`];
    });
  // Names that were drawn for what was then refused stand in messages only.
  const drawn = history
    .filter(({ kind }) => makers.has(kind))
    .map(({ metadata: { name = "" } }): Rule => {
      return [new RegExp(`\\b${escaped(name)}-[bcdfghjklmnpqrstvwxz2456789]{5}\\b`, "g"), `${name}-<rand>`];
    });
  return [
    ...generated,
    ...drawn,
    ...hashes.map((hash, index): Rule => [new RegExp(`(?<=-|^)${escaped(hash)}\\b`, "g"), `<hash${index + 1}>`]),
    // Minutes since 1970 in the names of a CronJob's jobs.
    [/(?<=-)[23]\d{7}\b/g, "<minute>"],
  ];
}

function rulesOf(surroundings: Surroundings): readonly Rule[] {
  const { namespace, userName, nodeName, nodeIP, podPrefix, kubeletRoot } = surroundings;
  return [
    ...namesOf(surroundings),
    ...everywhere,
    [new RegExp(`^${escaped(base64(namespace))}$`, "g"), "<ns in base64>"],
    [new RegExp(`(?<![a-z0-9-])${escaped(namespace)}(?![a-z0-9])`, "g"), "<ns>"],
    [new RegExp(escaped(kubeletRoot), "g"), "<kubelet-root>"],
    [new RegExp(`\\b${escaped(nodeIP)}\\b`, "g"), "<nodeIP>"],
    [new RegExp(`\\b${escaped(podPrefix)}\\d+\\.\\d+\\b`, "g"), "<podIP>"],
    [new RegExp(`\\b${escaped(nodeName)}\\b`, "g"), "node1"],
    [new RegExp(`^${escaped(userName)}$`, "g"), "admin"],
  ];
}

export interface Normalizer {
  text(value: string): string;
  value(value: unknown): unknown;
  /** Events as the recording counts them: one entry for equal ones. */
  events(events: readonly KubeObject[]): RecordedEvent[];
}

export const byText = (a: unknown, b: unknown): number => {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  return left < right ? -1 : left > right ? 1 : 0;
};

/** Members in the order of their names, so that equal values have equal texts. */
export function canonical(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(canonical);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name]) => !leftOut.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, member]): [string, unknown] => [
        name,
        unordered.has(name) && Array.isArray(member) ? member.map(canonical).sort(byText) : canonical(member),
      ])
      .filter(([name, member]) => name !== "annotations" || !isDeepStrictEqual(member, {})),
  );
}

export function createNormalizer(surroundings: Surroundings): Normalizer {
  const rules = rulesOf(surroundings);
  const service = new RegExp(`\\b${escaped(surroundings.servicePrefix)}\\d+\\.\\d+\\b`, "g");
  const text = (value: string): string =>
    rules
      .reduce((result, [pattern, replacement]) => result.replace(pattern, replacement), value)
      .replace(service, (found) => (surroundings.sent.includes(found) ? found : "<svcIP>"));
  const any = (value: unknown): unknown => {
    if (typeof value === "string") return text(value);
    if (Array.isArray(value)) return value.map(any);
    if (value === null || typeof value !== "object") return value;
    const object = value as Json;
    const isTokenSecret = object["type"] === "kubernetes.io/service-account-token";
    return Object.fromEntries(
      Object.entries(object)
        .filter(([name]) => !leftOut.has(name))
        .map(([name, member]) => {
          const rule = members[name];
          const changed = rule === undefined ? any(member) : rule(member, object);
          if (!isTokenSecret || name !== "data") return [text(name), changed];
          return [name, { ...(changed as Json), ...("token" in (changed as Json) ? { token: "<token>" } : {}) }];
        }),
    );
  };
  return { text, value: (value) => canonical(any(value)), events: (events) => countEvents(events, text) };
}

interface CoreEvent extends KubeObject {
  readonly involvedObject: { readonly kind: string; readonly name: string; readonly fieldPath?: string };
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly action?: string;
  readonly reportingComponent: string;
  readonly count?: number;
  readonly series?: { readonly count: number };
}

function countEvents(events: readonly KubeObject[], text: (value: string) => string): RecordedEvent[] {
  const found = new Map<string, RecordedEvent & { count: number; objects: number }>();
  for (const event of events as readonly CoreEvent[]) {
    const { involvedObject, type, reason, message = "", action, reportingComponent, count, series } = event;
    const entry = {
      kind: involvedObject.kind,
      name: text(involvedObject.name),
      ...(involvedObject.fieldPath === undefined ? {} : { fieldPath: involvedObject.fieldPath }),
      type,
      reason,
      message: text(message),
      ...(action === undefined ? {} : { action }),
      reportingController: reportingComponent,
    };
    const key = JSON.stringify(entry);
    const times = series?.count ?? count ?? 1;
    const before = found.get(key);
    found.set(key, { ...entry, count: (before?.count ?? 0) + times, objects: (before?.objects ?? 0) + 1 });
  }
  return [...found.values()].sort(byText);
}
