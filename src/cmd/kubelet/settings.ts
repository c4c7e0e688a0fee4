// What a kubelet can be told besides where and who it is: each setting once, as a flag and as a field of a KubeletConfiguration file
// (`--config`, kubelet.config.k8s.io/v1beta1). A flag wins over the file, as upstream.
import { type FlagDefinition, type FlagDefinitions, FlagError, type FlagType, parseFlags } from "../../cli/index.ts";
import type { KubeletOptions } from "../../kubelet/index.ts";
import { quantityValue } from "../../machinery/index.ts";
import { acceptField, type Fields, isUnset } from "./configuration.ts";

type Config = KubeletOptions["config"];

interface Setting {
  readonly flag: string;
  readonly type: FlagType;
  readonly help: string;
  /** Of KubeletConfiguration; the flag's name in camel case when not given. */
  readonly field?: string;
  readonly to: (value: never) => Config;
}

const setting = <V>(flag: string, type: FlagType, help: string, to: (value: V) => Config, field?: string): Setting => ({
  ...{ flag, type, help, to },
  ...(field === undefined ? {} : { field }),
});

const seconds = (ms: number): number => ms / 1000;

function bytes(flag: string, text: string): number {
  try {
    return quantityValue(text);
  } catch {
    throw new FlagError(
      `invalid argument ${JSON.stringify(text)} for "--${flag}" flag: it is not a quantity such as 10Mi`,
    );
  }
}

const signals = [
  "memory.available",
  "nodefs.available",
  "nodefs.inodesFree",
  "imagefs.available",
  "imagefs.inodesFree",
  "pid.available",
];

/** `memory.available<100Mi,nodefs.available<10%`, upstream's grammar of thresholds. */
export function parseThresholds(text: string): Record<string, string> {
  const pairs = text.split(",").filter((each) => each !== "");
  return Object.fromEntries(
    pairs.map((pair) => {
      const [signal = "", value = "", more] = pair.split("<");
      if (value === "" || more !== undefined)
        throw new FlagError(`invalid argument ${JSON.stringify(pair)} for "--eviction-hard" flag: use SIGNAL<QUANTITY`);
      if (!signals.includes(signal))
        throw new FlagError(`unsupported eviction signal ${signal}; there are ${signals.join(", ")}`);
      if (!/^\d+(\.\d+)?%$/.test(value)) bytes("eviction-hard", value);
      return [signal, value];
    }),
  );
}

const thresholds = (value: string | Readonly<Record<string, string>>): Record<string, string> =>
  parseThresholds(
    typeof value === "string"
      ? value
      : Object.entries(value)
          .map(([signal, amount]) => `${signal}<${amount}`)
          .join(","),
  );

const settings: readonly Setting[] = [
  setting("container-log-max-size", "string", "size at which a container's log is rotated", (text: string) => ({
    containerLogMaxSizeBytes: bytes("container-log-max-size", text),
  })),
  setting("container-log-max-files", "integer", "most files of one container's log", (count: number) => ({
    containerLogMaxFiles: count,
  })),
  setting(
    "image-gc-high-threshold",
    "integer",
    "percentage of the disk above which unused images go",
    (percent: number) => ({ imageGcHighThresholdPercent: percent }),
    "imageGCHighThresholdPercent",
  ),
  setting(
    "image-gc-low-threshold",
    "integer",
    "percentage of the disk down to which they go",
    (percent: number) => ({ imageGcLowThresholdPercent: percent }),
    "imageGCLowThresholdPercent",
  ),
  setting(
    "minimum-image-ttl-duration",
    "duration",
    "youngest age of an image that goes",
    (ms: number) => ({ imageMinimumGcAgeSeconds: seconds(ms) }),
    "imageMinimumGCAge",
  ),
  setting("eviction-hard", "string", "what the node has to have left: SIGNAL<QUANTITY,…", (value: string) => ({
    evictionHard: thresholds(value),
  })),
  setting(
    "eviction-pressure-transition-period",
    "duration",
    "time without pressure until its condition ends",
    (ms: number) => ({
      evictionPressureTransitionPeriodSeconds: seconds(ms),
    }),
  ),
  setting(
    "kube-reserved",
    "map",
    "resources that pods do not get: cpu=200m,memory=500Mi",
    (map: Record<string, string>) => ({ kubeReserved: map }),
  ),
  setting(
    "system-reserved",
    "map",
    "resources that pods do not get: cpu=200m,memory=500Mi",
    (map: Record<string, string>) => ({ systemReserved: map }),
  ),
  setting(
    "cgroups-per-qos",
    "boolean",
    "make cgroups of service classes and pods",
    (on: boolean) => ({ cgroupsPerQos: on }),
    "cgroupsPerQOS",
  ),
  setting("cpu-cfs-quota", "boolean", "enforce CPU limits", (on: boolean) => ({ cpuCfsQuota: on }), "cpuCFSQuota"),
  setting(
    "pod-max-pids",
    "integer",
    "most processes of a pod; -1: no limit",
    (count: number) => ({ podPidsLimit: count }),
    "podPidsLimit",
  ),
  setting("seccomp-default", "boolean", "RuntimeDefault where no seccomp profile is asked for", (on: boolean) => ({
    seccompDefault: on,
  })),
  setting("allowed-unsafe-sysctls", "list", "unsafe sysctls that pods may set", (list: string[]) => ({
    allowedUnsafeSysctls: list,
  })),
  setting("sync-frequency", "duration", "longest time between looks at a pod", (ms: number) => ({
    syncFrequencySeconds: seconds(ms),
  })),
  setting("node-status-update-frequency", "duration", "time between looks at the node", (ms: number) => ({
    nodeStatusUpdateFrequencySeconds: seconds(ms),
  })),
  setting(
    "provider-id",
    "string",
    "the node's identity at its cloud",
    (id: string) => ({ providerId: id }),
    "providerID",
  ),
];

/** For the kubelet's flags. */
export const settingFlags: FlagDefinitions = Object.fromEntries(
  settings.map(({ flag, type, help }): [string, FlagDefinition] => [flag, { type, help }]),
);

/** What was given as flags. */
export const settingsOfFlags = (values: Readonly<Record<string, unknown>>, given: ReadonlySet<string>): Config =>
  Object.assign({}, ...settings.filter(({ flag }) => given.has(flag)).map(({ flag, to }) => to(values[flag] as never)));

const camelCase = (flag: string): string => flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Fields of a configuration file that flags of their own cover, by KubeletConfiguration's name. */
const structural: Readonly<Record<string, (value: never) => Config>> = {
  clusterDNS: (list: string[]) => ({ clusterDns: list }),
  clusterDomain: (name: string) => ({ clusterDomain: name }),
  staticPodPath: (path: string) => ({ staticPodPath: path }),
  resolvConf: (path: string) => ({ resolverConfig: path }),
  registerNode: (on: boolean) => ({ registerNode: on }),
  maxPods: (count: number) => ({ maxPods: count }),
  podCIDR: (range: string) => ({ podCidr: range }),
  cgroupRoot: (path: string) => ({ cgroupRoot: path }),
  cgroupDriver: (name: "cgroupfs" | "systemd") => ({ cgroupDriver: name }),
  podLogsDir: (path: string) => ({ podLogsDirectory: path }),
};

/** What the document of `readConfiguration` sets. Fields that are not known here are refused by name. */
export function settingsOf(document: Fields): Config {
  const byField = new Map(settings.map((each) => [each.field ?? camelCase(each.flag), each]));
  const parts = Object.entries(document).map(([field, value]): Config => {
    const known = byField.get(field);
    if (known !== undefined)
      return known.type === "duration" && isUnset(value) ? {} : known.to(fromFile(known, value) as never);
    const to = structural[field];
    if (to !== undefined) return isUnset(value) ? {} : to(value as never);
    acceptField(field, value);
    return {};
  });
  return Object.assign({}, ...parts);
}

/** Durations stand as text in the file. */
const fromFile = ({ flag, type }: Setting, value: unknown): unknown =>
  type === "duration" ? parseFlags({ [flag]: { type, help: "" } }, [`--${flag}=${String(value)}`]).values[flag] : value;
