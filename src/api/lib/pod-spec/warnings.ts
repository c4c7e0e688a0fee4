// `Warning` texts for pods and templates, in upstream's order. Upstream: pkg/api/pod/warnings.go, pkg/api/node/util.go.
import type {
  Container,
  ContainerPort,
  NodeSelectorTerm,
  PodSpec,
  Volume,
  WeightedPodAffinityTerm,
} from "../../../../facts/types/core.v1.ts";
import { labelValue, type ObjectMeta, quantityMilliValue } from "../../../machinery/index.ts";
import { ipWarnings } from "../formats/ip.ts";
import { child, entry, item } from "../validate.ts";
import { appArmorWarnings } from "./app-armor.ts";
import { overlapWarnings } from "./overlapping-paths.ts";
import { eachContainer } from "./visit.ts";

export interface WarnedPod {
  readonly spec: PodSpec;
  readonly metadata: Partial<ObjectMeta> | undefined;
  /** Path of the template; empty for a pod. */
  readonly at: string;
}

const renamed = (version: string, by: string): string => `deprecated since ${version}; use "${by}" instead`;

/** Node labels that have another name by now. */
const oldLabels: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": renamed("v1.14", "kubernetes.io/arch"),
  "beta.kubernetes.io/os": renamed("v1.14", "kubernetes.io/os"),
  "failure-domain.beta.kubernetes.io/region": renamed("v1.17", "topology.kubernetes.io/region"),
  "failure-domain.beta.kubernetes.io/zone": renamed("v1.17", "topology.kubernetes.io/zone"),
  "beta.kubernetes.io/instance-type": renamed("v1.17", "node.kubernetes.io/instance-type"),
  "app.kubernetes.io/created-by": "deprecated since v1.9",
  "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
  "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
};

/** What is said of a node label that has another name by now. */
export const oldLabelText = (key: string): string | undefined => oldLabels[key];

/** Of one term of a node selector; `checkValues` where invalid values are let through. */
function nodeTermWarnings(
  { matchExpressions = [] }: NodeSelectorTerm,
  { at, checkValues }: { readonly at: string; readonly checkValues: boolean },
): string[] {
  return matchExpressions.flatMap(({ key, values = [] }, index) => {
    const path = item(child(at, "matchExpressions"), index);
    const wrong = checkValues ? values : [];
    return [
      ...(oldLabels[key] === undefined ? [] : [`${child(path, "key")}: ${key} is ${oldLabels[key]}`]),
      ...wrong.flatMap((value, number) =>
        labelValue(value).map((text) => `${item(child(path, "values"), number)}: ${value} is invalid, ${text}`),
      ),
    ];
  });
}

const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";

/** Most pods give no reason to warn. */
const nothing: readonly never[] = [];

function nodeWarnings(spec: PodSpec, at: string): readonly string[] {
  if (spec.nodeSelector === undefined && spec.affinity === undefined) return nothing;
  const affinity = spec.affinity?.nodeAffinity;
  const path = child(at, "affinity.nodeAffinity");
  const terms = affinity?.[required]?.nodeSelectorTerms ?? [];
  return [
    ...Object.keys(spec.nodeSelector ?? {})
      .sort()
      .flatMap((key) =>
        oldLabels[key] === undefined ? [] : [`${entry(child(at, "nodeSelector"), key)}: ${oldLabels[key]}`],
      ),
    ...terms.flatMap((term, index) =>
      nodeTermWarnings(term, { at: item(child(path, `${required}.nodeSelectorTerms`), index), checkValues: false }),
    ),
    ...(affinity?.[preferred] ?? []).flatMap((term, index) =>
      nodeTermWarnings(term.preference ?? {}, {
        at: child(item(child(path, preferred), index), "preference"),
        checkValues: true,
      }),
    ),
  ];
}

const nullSelector = "a null labelSelector results in matching no pod";

const spreadWarnings = (spec: PodSpec, at: string): string[] =>
  (spec.topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => {
    const path = item(child(at, "topologySpreadConstraints"), index);
    return [
      ...(oldLabels[topologyKey] === undefined
        ? []
        : [`${child(path, "topologyKey")}: ${topologyKey} is ${oldLabels[topologyKey]}`]),
      ...(labelSelector === undefined ? [`${child(path, "labelSelector")}: ${nullSelector}`] : []),
    ];
  });

const oldAnnotations: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
};

const oldAnnotationNames = Object.keys(oldAnnotations);

type SourceName = Exclude<keyof Volume, "name">;

/** Volume types that are gone or going: field, its path, what is said. */
const oldVolumes: readonly (readonly [SourceName, string, string])[] = [
  ["photonPersistentDisk", "photonPersistentDisk", "deprecated in v1.11, non-functional in v1.16+"],
  ["gitRepo", "gitRepo", "deprecated in v1.11, and disabled by default in v1.33+"],
  ["scaleIO", "scaleIO", "deprecated in v1.16, non-functional in v1.22+"],
  ["flocker", "flocker", "deprecated in v1.22, non-functional in v1.25+"],
  ["storageos", "storageOS", "deprecated in v1.22, non-functional in v1.25+"],
  ["quobyte", "quobyte", "deprecated in v1.22, non-functional in v1.25+"],
  ["glusterfs", "glusterfs", "deprecated in v1.25, non-functional in v1.26+"],
  ["cephfs", "cephfs", "deprecated in v1.28, non-functional in v1.31+"],
  ["rbd", "rbd", "deprecated in v1.28, non-functional in v1.31+"],
];

function volumeWarnings({ volumes }: PodSpec, at: string): readonly string[] {
  if (volumes === undefined) return nothing;
  const texts: string[] = [];
  for (let index = 0; index < volumes.length; index++)
    for (const [name, path, text] of oldVolumes)
      if (volumes[index]?.[name] !== undefined)
        texts.push(`${child(item(child(at, "volumes"), index), path)}: ${text}`);
  return [...texts, ...overlapWarnings(volumes)];
}

/** Later entries that repeat an earlier one. */
function repeats(list: readonly string[], text: (index: number, value: string) => string): string[] {
  const seen = new Set<string>();
  return list.flatMap((value, index) => {
    const again = seen.has(value);
    seen.add(value);
    return again ? [text(index, value)] : [];
  });
}

function listWarnings(spec: PodSpec, at: string): readonly string[] {
  if (spec.hostAliases === undefined && spec.imagePullSecrets === undefined && spec.overhead === undefined)
    return nothing;
  const aliases = (spec.hostAliases ?? []).map(({ ip = "" }) => ip);
  const secrets = (spec.imagePullSecrets ?? []).map(({ name = "" }) => name);
  const nameOf = (index: number): string => child(item(child(at, "imagePullSecrets"), index), "name");
  const fractional: string[] = [];
  fractions(spec.overhead, fractional, () => child(at, "overhead"));
  return [
    ...repeats(
      aliases,
      (index, ip) => `${child(item(child(at, "hostAliases"), index), "ip")}: duplicate ip ${JSON.stringify(ip)}`,
    ),
    ...repeats(secrets, (index, name) => `${nameOf(index)}: duplicate name ${JSON.stringify(name)}`),
    ...secrets.flatMap((name, index) => (name === "" ? [`${nameOf(index)}: invalid empty name ""`] : [])),
    ...fractional,
  ];
}

/** Of a list of resources; `at` is where it is. Bytes come whole. */
function fractions(list: Readonly<Record<string, string>> | undefined, texts: string[], at: () => string): void {
  if (list === undefined) return;
  for (const name of wholeResources) {
    const quantity = list[name];
    if (quantity !== undefined && quantityMilliValue(quantity) % 1000 !== 0)
      texts.push(
        `${entry(at(), name)}: fractional byte value ${JSON.stringify(quantity)} is invalid, must be an integer`,
      );
  }
}
const wholeResources = ["memory", "ephemeral-storage"] as const;

function envWarnings({ env }: Container, texts: string[], path: () => string): void {
  if (env === undefined || env.length < 2) return;
  const seen = new Set<string>();
  for (let index = 0; index < env.length; index++) {
    const { name = "", value = "", valueFrom } = env[index]!;
    if (!seen.has(name)) {
      seen.add(name);
      continue;
    }
    const reference = `$(${name})`;
    const extends_ = valueFrom === undefined && value !== reference && value.includes(reference);
    if (!extends_)
      texts.push(
        `${item(child(path(), "env"), index)}: hides previous definition of ${JSON.stringify(name)}, which may be dropped when using apply`,
      );
  }
}

const seccompPod = "seccomp.security.alpha.kubernetes.io/pod";
const seccompContainer = "container.seccomp.security.alpha.kubernetes.io/";
const noResources: NonNullable<Container["resources"]> = {};
const seccompText = 'non-functional in v1.27+; use the "seccompProfile" field instead';

function containerWarnings({ spec, metadata, at }: WarnedPod): readonly string[] {
  const annotations = child(at, "metadata.annotations");
  const texts: string[] = [];
  const unused = (key: string, profile: unknown): void => {
    if (profile === undefined && metadata?.annotations?.[key] !== undefined)
      texts.push(`${entry(annotations, key)}: ${seccompText}`);
  };
  unused(seccompPod, spec.securityContext?.seccompProfile);
  // Those of a pod are told while they are copied into its fields.
  const armor = at === "" ? undefined : appArmorWarnings(spec, metadata?.annotations, at);
  eachContainer(spec, (container, pathIn) => {
    if (metadata?.annotations !== undefined)
      unused(seccompContainer + container.name, container.securityContext?.seccompProfile);
    const ofArmor = armor?.get(container.name);
    if (ofArmor !== undefined) texts.push(ofArmor);
    const { limits, requests } = container.resources ?? noResources;
    fractions(limits, texts, () => child(pathIn(child(at, "spec")), "resources.limits"));
    fractions(requests, texts, () => child(pathIn(child(at, "spec")), "resources.requests"));
    envWarnings(container, texts, () => pathIn(child(at, "spec")));
  });
  return texts;
}

interface PlacedPort {
  readonly port: ContainerPort;
  /** Written when something is said of the port. */
  path(): string;
}

function relation(port: ContainerPort, other: ContainerPort): string | undefined {
  const host = port.hostPort ?? 0;
  const otherHost = other.hostPort ?? 0;
  const ip = port.hostIP ?? "";
  const otherIp = other.hostIP ?? "";
  if (ip === otherIp && host === otherHost) return "duplicate port definition";
  if (host === 0 || otherHost === 0) return "overlapping port definition";
  return host === otherHost && (ip === "") !== (otherIp === "") ? "dangerously ambiguous port definition" : undefined;
}

const printed = ({ name = "", hostPort = 0, containerPort, protocol, hostIP }: ContainerPort): string =>
  `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`;

/** Headers carry fewer warnings than this. */
const mostSaid = 500;

function portWarnings(spec: PodSpec, at: string): readonly string[] {
  const all: PlacedPort[] = [];
  eachContainer(spec, ({ ports }, pathIn) => {
    if (ports === undefined || ports === null) return;
    for (let index = 0; index < ports.length; index++)
      all.push({ port: ports[index]!, path: () => item(child(pathIn(at), "ports"), index) });
  });
  if (all.length === 0) return nothing;
  const texts: string[] = [];
  portOverlaps(all, texts);
  repeatedPortNames(all, texts);
  return texts;
}

function portOverlaps(all: readonly PlacedPort[], texts: string[]): void {
  const earlier = all.length > 1 ? new Map<string, PlacedPort[]>() : undefined;
  let said = 0;
  for (const placed of all) {
    const { port } = placed;
    if (port.hostIP && !port.hostPort) texts.push(`${placed.path()}: hostIP set without hostPort: ${printed(port)}`);
    if (earlier === undefined || said >= mostSaid) continue;
    const key = `${port.containerPort}/${port.protocol}`;
    const same = earlier.get(key);
    if (same === undefined) {
      earlier.set(key, [placed]);
      continue;
    }
    for (const other of same) {
      const text = relation(port, other.port);
      if (text === undefined) continue;
      texts.push(`${placed.path()}: ${text} with ${other.path()}`);
      said++;
    }
    same.push(placed);
  }
}

function repeatedPortNames(all: readonly PlacedPort[], texts: string[]): void {
  let names: Map<string, PlacedPort> | undefined;
  for (const placed of all) {
    const { name } = placed.port;
    if (!name) continue;
    names ??= new Map();
    const other = names.get(name)?.path();
    if (other === undefined) names.set(name, placed);
    else
      texts.push(
        `${placed.path()}: duplicate port name ${JSON.stringify(name)} with ${other}, services and probes that select ports by name will use ${other}`,
      );
  }
}

function podAffinityWarnings(spec: PodSpec, at: string): readonly string[] {
  if (spec.affinity === undefined) return nothing;
  return (["podAffinity", "podAntiAffinity"] as const).flatMap((name) => {
    const path = child(at, `affinity.${name}`);
    const terms = spec.affinity?.[name];
    const weighted: readonly WeightedPodAffinityTerm[] = terms?.[preferred] ?? [];
    return [
      ...(terms?.[required] ?? []).flatMap(({ labelSelector }, index) =>
        labelSelector === undefined
          ? [`${child(item(child(path, required), index), "labelSelector")}: ${nullSelector}`]
          : [],
      ),
      ...weighted.flatMap(({ podAffinityTerm }, index) =>
        podAffinityTerm?.labelSelector === undefined
          ? [`${child(item(child(path, preferred), index), "podAffinityTerm.labelSelector")}: ${nullSelector}`]
          : [],
      ),
    ];
  });
}

/** All texts for one pod or template. */
export function podSpecWarnings(pod: WarnedPod): string[] {
  const { spec, metadata, at } = pod;
  const root = child(at, "spec");
  const given = metadata?.annotations;
  const annotations = given === undefined ? nothing : oldAnnotationNames.filter((key) => given[key] !== undefined);
  return [
    ...nodeWarnings(spec, root),
    ...spreadWarnings(spec, root),
    ...annotations.map((key) => `${entry(child(at, "metadata.annotations"), key)}: ${oldAnnotations[key]}`),
    ...volumeWarnings(spec, root),
    ...listWarnings(spec, root),
    ...containerWarnings(pod),
    ...portWarnings(spec, root),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [
          `${child(root, "terminationGracePeriodSeconds")}: must be >= 0; negative values are invalid and will be treated as 1`,
        ]
      : []),
    ...podAffinityWarnings(spec, root),
    ...(spec.dnsConfig?.nameservers ?? []).flatMap((server, index) =>
      ipWarnings(item(child(root, "dnsConfig.nameservers"), index), server),
    ),
    ...(spec.hostAliases ?? []).flatMap(({ ip = "" }, index) =>
      ipWarnings(child(item(child(root, "hostAliases"), index), "ip"), ip),
    ),
  ];
}
