// The file of `t8s scheduler --config`: KubeSchedulerConfiguration of kubescheduler.config.k8s.io/v1. What this scheduler can not be
// told otherwise is refused by name; the file that kube-scheduler writes of its defaults is understood.
// Upstream: pkg/scheduler/apis/config (types, validation, v1 default plugins).
import { readFileSync } from "node:fs";
import { FlagError } from "../../cli/index.ts";
import { deepEqual, fromYaml, parseGoDuration } from "../../machinery/index.ts";
import { plugins as defaultPlugins, type PluginEntry, type Profile } from "../../scheduler/index.ts";

export interface SchedulerFile {
  readonly profile: Profile;
  readonly kubeconfig?: string;
  /** By the names of the flags of the same meaning. */
  readonly leader: Readonly<Record<string, string | number | boolean>>;
}

type Part = Readonly<Record<string, unknown>>;
const isPart = (value: unknown): value is Part => typeof value === "object" && value !== null && !Array.isArray(value);
const partOf = (value: unknown): Part => (isPart(value) ? value : {});
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const group = "kubescheduler.config.k8s.io/v1";
/** In upstream's default profile, and not here: naming them changes nothing. */
const absent: ReadonlySet<string> = new Set(["NodeVolumeLimits", "VolumeZone"]);

/** Fields that are tuning or profiling, which this component does not need. */
const tuning: ReadonlySet<string> = new Set([
  ...["apiVersion", "kind", "parallelism", "enableProfiling", "enableContentionProfiling", "delayCacheUntilActive"],
]);

/** What `pluginConfig` may say: upstream's defaults, which hold here. */
const defaultArguments: Readonly<Record<string, Part>> = {
  DefaultPreemption: { minCandidateNodesAbsolute: 100, minCandidateNodesPercentage: 10 },
  DynamicResources: { bindingTimeout: "10m0s", filterTimeout: "10s" },
  InterPodAffinity: { hardPodAffinityWeight: 1, ignorePreferredTermsOfExistingPods: false },
  NodeAffinity: {},
  NodeResourcesBalancedAllocation: { resources: evenly() },
  NodeResourcesFit: { scoringStrategy: { resources: evenly(), type: "LeastAllocated" } },
  PodTopologySpread: { defaultingType: "System" },
  VolumeBinding: { bindTimeoutSeconds: 600 },
};

function evenly(): readonly Part[] {
  return ["cpu", "memory"].map((name) => ({ name, weight: 1 }));
}

export function readSchedulerFile(path: string): SchedulerFile {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new FlagError(`open ${path}: no such file or directory`);
  }
  return parseSchedulerFile(text, path);
}

/** Throws FlagError with what is wrong, in upstream's words where upstream refuses it too. */
export function parseSchedulerFile(text: string, path: string): SchedulerFile {
  const document = partOf(fromYaml(text)[0]);
  const { kind, apiVersion } = document;
  if (kind !== "KubeSchedulerConfiguration" || apiVersion !== group)
    throw new FlagError(
      `${path}: no kind ${JSON.stringify(kind ?? "")} is registered for version ${JSON.stringify(apiVersion ?? "")}; KubeSchedulerConfiguration of ${group} is wanted`,
    );
  refuseFields(document);
  const percentage = document["percentageOfNodesToScore"] ?? 0;
  const profiles = listOf(document["profiles"]).map(partOf);
  const problems = problemsOf(document, { percentage, profiles });
  if (problems.length > 0) throw new FlagError(problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`);
  if (profiles.length > 1)
    throw new FlagError(`${path}: several profiles are not implemented; run a scheduler for each schedulerName`);
  const { kubeconfig } = partOf(document["clientConnection"]);
  return {
    profile: { percentageOfNodesToScore: Number(percentage), ...profileOf(profiles[0] ?? {}) },
    leader: leaderOf(partOf(document["leaderElection"])),
    ...(typeof kubeconfig === "string" && kubeconfig !== "" ? { kubeconfig } : {}),
  };
}

function refuseFields(document: Part): void {
  const known = ["clientConnection", "leaderElection", "percentageOfNodesToScore", "profiles"];
  const fixed: Part = { podInitialBackoffSeconds: 1, podMaxBackoffSeconds: 10, extenders: [] };
  for (const [field, value] of Object.entries(document)) {
    if (tuning.has(field) || known.includes(field) || value === null) continue;
    if (!Object.hasOwn(fixed, field))
      throw new FlagError(`strict decoding error: unknown field ${JSON.stringify(field)}`);
    if (!deepEqual(value, fixed[field]))
      throw new FlagError(`${field} is not implemented: it is ${JSON.stringify(fixed[field])} here; leave it out`);
  }
}

function problemsOf(
  document: Part,
  of: { readonly percentage: unknown; readonly profiles: readonly Part[] },
): string[] {
  const { parallelism } = document;
  const problems: string[] = [];
  if (parallelism !== undefined && !(Number(parallelism) > 0))
    problems.push(
      `parallelism: Invalid value: ${JSON.stringify(parallelism)}: should be an integer value greater than zero`,
    );
  const names = new Set<string>();
  of.profiles.forEach(({ schedulerName = "default-scheduler" }, index) => {
    if (schedulerName === "") problems.push(`profiles[${index}].schedulerName: Required value`);
    else if (names.has(String(schedulerName))) problems.push(`profiles[${index}].schedulerName: Duplicate value: {}`);
    names.add(String(schedulerName));
  });
  if (!(Number(of.percentage) >= 0 && Number(of.percentage) <= 100))
    problems.push(
      `percentageOfNodesToScore: Invalid value: ${JSON.stringify(of.percentage)}: not in valid range [0-100]`,
    );
  return problems;
}

function profileOf(profile: Part): Profile {
  const { schedulerName, percentageOfNodesToScore, plugins, pluginConfig, ...rest } = profile;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) throw new FlagError(`strict decoding error: unknown field "profiles[0].${unknown}"`);
  for (const each of listOf(pluginConfig).map(partOf)) refuseArguments(each);
  return {
    ...(typeof schedulerName === "string" ? { schedulerName } : {}),
    ...(percentageOfNodesToScore === undefined || percentageOfNodesToScore === null
      ? {}
      : { percentageOfNodesToScore: Number(percentageOfNodesToScore) }),
    plugins: entriesOf(partOf(plugins)),
  };
}

function refuseArguments({ name, args }: Part): void {
  const wanted = defaultArguments[String(name)];
  const { kind: _kind, apiVersion: _version, ...given } = partOf(args);
  const other = Object.keys(given).find((field) => !deepEqual(given[field], wanted?.[field]));
  if (other === undefined) return;
  throw new FlagError(
    `pluginConfig: ${other} of ${String(name)} is not implemented${wanted?.[other] === undefined ? "" : `: it is ${JSON.stringify(wanted[other])} here`}; leave it out`,
  );
}

interface Choice {
  readonly name: string;
  readonly weight: number;
}

const choices = (value: unknown): Choice[] =>
  listOf(value)
    .map(partOf)
    .map(({ name, weight }) => ({ name: String(name ?? ""), weight: Number(weight ?? 0) }));

/** Plugins are chosen at all points together (multiPoint); their weights also at `score`. */
function entriesOf(plugins: Part): readonly PluginEntry[] {
  for (const [point, set] of Object.entries(plugins))
    if (!["multiPoint", "score"].includes(point) && Object.values(partOf(set)).some((each) => listOf(each).length > 0))
      throw new FlagError(`plugins.${point} is not implemented: choose plugins with plugins.multiPoint`);
  const everywhere = partOf(plugins["multiPoint"]);
  const score = partOf(plugins["score"]);
  const chosen = merged(choices(everywhere["enabled"]), choices(everywhere["disabled"]));
  const scored = new Map(choices(score["enabled"]).map(({ name, weight }) => [known(name).name, weight || 1]));
  const unscored = new Set(choices(score["disabled"]).map(({ name }) => name));
  const entries = chosen.map((entry): PluginEntry => {
    const weight = scored.get(entry.name);
    if (weight !== undefined) return { ...entry, weight };
    return unscored.has("*") || unscored.has(entry.name) ? { ...entry, weight: 0 } : entry;
  });
  for (const needed of ["PrioritySort", "DefaultBinder"])
    if (!entries.some(({ name }) => name === needed))
      throw new FlagError(`plugins.multiPoint: ${needed} can not be left out: nothing else does its work`);
  return entries;
}

/** Upstream's merge: the default ones that are not disabled, in their places; then the others in the order given. */
function merged(enabled: readonly Choice[], disabled: readonly Choice[]): PluginEntry[] {
  const off = new Set(disabled.map(({ name }) => name));
  const custom = new Map<string, PluginEntry>();
  for (const { name, weight } of enabled) {
    if (absent.has(name)) continue;
    const entry = known(name);
    custom.set(name, weight > 0 ? { ...entry, weight } : entry);
  }
  const kept = off.has("*") ? [] : defaultPlugins.filter(({ name }) => !off.has(name));
  const places = kept.map((entry) => custom.get(entry.name) ?? entry);
  return [...places, ...[...custom.values()].filter(({ name }) => !places.some((each) => each.name === name))];
}

function known(name: string): PluginEntry {
  const entry = defaultPlugins.find((each) => each.name === name);
  if (entry === undefined)
    throw new FlagError(
      `plugin ${JSON.stringify(name)} does not exist; there are ${defaultPlugins.map((each) => each.name).join(", ")}`,
    );
  return entry;
}

function leaderOf(part: Part): SchedulerFile["leader"] {
  const flags: Readonly<Record<string, string>> = {
    leaderElect: "leader-elect",
    leaseDuration: "leader-elect-lease-duration",
    renewDeadline: "leader-elect-renew-deadline",
    retryPeriod: "leader-elect-retry-period",
    resourceName: "leader-elect-resource-name",
    resourceNamespace: "leader-elect-resource-namespace",
  };
  const given = Object.entries(part).filter(([field]) => Object.hasOwn(flags, field));
  const isTime = (field: string): boolean => ["leaseDuration", "renewDeadline", "retryPeriod"].includes(field);
  return Object.fromEntries(
    given.map(([field, value]) => [
      flags[field]!,
      typeof value === "boolean" ? value : isTime(field) ? parseGoDuration(String(value)) : String(value),
    ]),
  );
}
