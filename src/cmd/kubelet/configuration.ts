// The files of `t8s kubelet --config` and `--config-dir`: KubeletConfiguration of kubelet.config.k8s.io/v1beta1, with what each field
// is to this kubelet. A field that can not be heeded is refused by name, unless it asks for what holds anyway.
// Upstream: cmd/kubelet/app/server.go (mergeKubeletConfigurations), pkg/kubelet/apis/config.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type FlagDefinition, FlagError } from "../../cli/index.ts";
import { deepEqual, fromYaml, parseGoDuration } from "../../machinery/index.ts";
import { acceptedByKubelet } from "./accepted-flags.ts";

export type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The file with those of the directory that end with .conf merged over it, by name. Throws FlagError that says which file is wrong. */
export function readConfiguration(path: string | undefined, directory?: string): Fields {
  const base = path ? readOne(path) : {};
  return dropIns(directory).reduce<Fields>((merged, each) => mergePatch(merged, readOne(each)) as Fields, base);
}

function dropIns(directory: string | undefined): string[] {
  if (!directory) return [];
  try {
    const found = readdirSync(directory, { recursive: true, encoding: "utf8" });
    const files = found.filter((name) => name.endsWith(".conf")).sort();
    return files.map((name) => join(directory, name));
  } catch (error) {
    throw new FlagError(`--config-dir: ${(error as Error).message}`);
  }
}

function readOne(path: string): Fields {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new FlagError(
      `failed to load kubelet config file, path: ${path}, error: failed to load Kubelet config file ${path}, error failed to read kubelet config file ${JSON.stringify(path)}, error: open ${path}: no such file or directory`,
    );
  }
  const document = fromYaml(text)[0];
  if (
    !isFields(document) ||
    document["kind"] !== "KubeletConfiguration" ||
    document["apiVersion"] !== "kubelet.config.k8s.io/v1beta1"
  )
    throw new FlagError(`${path}: kind KubeletConfiguration of kubelet.config.k8s.io/v1beta1 is wanted`);
  return document;
}

/** RFC 7386. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const merged: Record<string, unknown> = { ...(isFields(target) ? target : {}) };
  for (const [name, value] of Object.entries(patch))
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  return merged;
}

/** By the path of the field: the flag of the same meaning, for what the process itself goes about. */
const ofProcess: Readonly<Record<string, { readonly flag: string; readonly type: "boolean" | "string" | "number" }>> = {
  address: { flag: "address", type: "string" },
  "authentication.x509.clientCAFile": { flag: "client-ca-file", type: "string" },
  containerRuntimeEndpoint: { flag: "container-runtime-endpoint", type: "string" },
  healthzBindAddress: { flag: "healthz-bind-address", type: "string" },
  healthzPort: { flag: "healthz-port", type: "number" },
  port: { flag: "port", type: "number" },
  rotateCertificates: { flag: "rotate-certificates", type: "boolean" },
  serverTLSBootstrap: { flag: "rotate-server-certificates", type: "boolean" },
  tlsCertFile: { flag: "tls-cert-file", type: "string" },
  tlsPrivateKeyFile: { flag: "tls-private-key-file", type: "string" },
};

/** Values of such flags. */
export function processFlags(document: Fields): Fields {
  const found = Object.entries(ofProcess).flatMap(([path, { flag, type }]) => {
    const value = at(document, path);
    if (value === undefined || value === null || value === "") return [];
    if (typeof value !== type) throw new FlagError(`field ${path} must be a ${type}`);
    return [[flag, value] as const];
  });
  const gates = document["featureGates"];
  const words = isFields(gates) ? Object.entries(gates).map(([name, on]) => `${name}=${String(on)}`) : [];
  return Object.fromEntries(words.length > 0 ? [...found, ["feature-gates", words]] : found);
}

const at = (document: Fields, path: string): unknown =>
  path.split(".").reduce<unknown>((part, name) => (isFields(part) ? part[name] : undefined), document);

/** Fields that no flag stands for, and what holds here: anything else is refused. */
const fixed: Readonly<Record<string, readonly unknown[]>> = {
  containerLogMaxWorkers: [1],
  containerLogMonitorInterval: ["10s"],
  crashLoopBackOff: [{}],
  enableProfilingHandler: [true, false],
  enableDebugFlagsHandler: [true, false],
  enableSystemLogHandler: [true, false],
  enableSystemLogQuery: [false],
  imageMaximumGCAge: [],
  logging: [],
  memorySwap: [{}, { swapBehavior: "" }, { swapBehavior: "NoSwap" }],
  memoryThrottlingFactor: [0.9],
  nodeLeaseDurationSeconds: [40],
  nodeStatusReportFrequency: ["5m", "5m0s"],
  registerWithTaints: [[]],
  shutdownGracePeriod: [],
  shutdownGracePeriodCriticalPods: [],
  tlsCipherSuites: [[]],
  tracing: [],
};

/** Log settings change nothing but how the log looks. */
const heedless: ReadonlySet<string> = new Set(["logging"]);

/** Names that are not the flag's in camel case. */
const otherNames: Readonly<Record<string, string>> = {
  cpuCFSQuotaPeriod: "cpu-cfs-quota-period",
  contentType: "kube-api-content-type",
  eventBurst: "event-burst",
  eventRecordQPS: "event-qps",
  evictionMaxPodGracePeriod: "eviction-max-pod-grace-period",
  failCgroupV1: "fail-cgroupv1",
  kubeAPIBurst: "kube-api-burst",
  kubeAPIQPS: "kube-api-qps",
  makeIPTablesUtilChains: "make-iptables-util-chains",
  maxOpenFiles: "max-open-files",
  nodeStatusMaxImages: "node-status-max-images",
  oomScoreAdj: "oom-score-adj",
  qosReserved: "qos-reserved",
  registryPullQPS: "registry-qps",
  reservedSystemCPUs: "reserved-cpus",
  staticPodURL: "manifest-url",
  staticPodURLHeader: "manifest-url-header",
  systemCgroups: "system-cgroups",
};

/** Defaults of fields, where they are not those of the flags. */
const fieldDefaults: Readonly<Record<string, readonly unknown[]>> = {
  cpuCFSQuotaPeriod: ["100ms"],
  enforceNodeAllocatable: [["pods"]],
};

const kebab = (field: string): string => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** Throws FlagError when a field that is no setting of this kubelet asks for what it does not do. */
export function acceptField(field: string, value: unknown): void {
  if (["kind", "apiVersion", "featureGates"].includes(field) || field in ofProcess || isUnset(value)) return;
  if (heedless.has(field)) return;
  if (field === "authentication" || field === "authorization") {
    acceptAccess(field, value);
    return;
  }
  const name = otherNames[field] ?? kebab(field);
  const flag = Object.hasOwn(acceptedByKubelet, name)
    ? (acceptedByKubelet as Readonly<Record<string, FlagDefinition>>)[name]
    : undefined;
  if (flag?.ignored !== undefined) return;
  const fine = fixed[field] ?? fieldDefaults[field] ?? [];
  if (fine.some((each) => deepEqual(each, value))) return;
  if (flag?.refused !== undefined && [flag.default, "false"].includes(String(value))) return;
  const why = flag?.refused === undefined ? "" : `: ${flag.refused}`;
  throw new FlagError(`field ${field} is not implemented${why}`);
}

/** As upstream, what is zero or empty is the default; kubeadm writes many such fields. */
export function isUnset(value: unknown): boolean {
  if (value === null || value === undefined || value === "" || value === 0) return true;
  if (typeof value !== "string" || !/^[\d.]/.test(value)) return Array.isArray(value) && value.length === 0;
  try {
    return parseGoDuration(value) === 0;
  } catch {
    return false;
  }
}

/** Requests without credentials are refused, tokens and rights are asked of the API server: nothing else may be asked for. */
function acceptAccess(field: string, value: unknown): void {
  const other =
    field === "authentication"
      ? at(value as Fields, "anonymous.enabled") === true
        ? "anonymous.enabled: requests without credentials are refused"
        : undefined
      : at(value as Fields, "mode") === "AlwaysAllow"
        ? "mode AlwaysAllow: the API server is always asked"
        : undefined;
  if (other !== undefined) throw new FlagError(`field ${field}.${other}`);
}
