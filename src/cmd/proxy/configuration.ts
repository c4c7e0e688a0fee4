// The file of `t8s proxy --config`: KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1, as kubeadm writes it. Fields become the
// flags of the same meaning; those that ask for what is not here are refused by name. Upstream: pkg/proxy/apis/config.
import { readFileSync } from "node:fs";
import { FlagError } from "../../cli/index.ts";
import { deepEqual, fromYaml, parseGoDuration } from "../../machinery/index.ts";
import { conntrackFields } from "./conntrack-flags.ts";

type Part = Readonly<Record<string, unknown>>;
const isPart = (value: unknown): value is Part => typeof value === "object" && value !== null && !Array.isArray(value);

/** Of one meaning with a flag. */
const flagOf: Readonly<Record<string, string>> = {
  bindAddress: "bind-address",
  "clientConnection.kubeconfig": "kubeconfig",
  clusterCIDR: "cluster-cidr",
  ...conntrackFields,
  featureGates: "feature-gates",
  healthzBindAddress: "healthz-bind-address",
  hostnameOverride: "hostname-override",
  "iptables.masqueradeAll": "masquerade-all",
  "nftables.masqueradeAll": "masquerade-all",
  nodePortAddresses: "nodeport-addresses",
};

/** Some are parts of a field. */
const known: ReadonlySet<string> = new Set(Object.keys(flagOf).map((field) => field.split(".")[0] ?? field));

/** Without effect, as the flags of the same name: `t8s proxy --help` has the reasons. */
const inert: ReadonlySet<string> = new Set([
  ...["apiVersion", "kind", "bindAddressHardFail", "clientConnection", "configSyncPeriod", "detectLocal"],
  ...["enableProfiling", "iptables", "ipvs", "logging", "metricsBindAddress", "mode", "nftables", "oomScoreAdj"],
  ...["portRange", "showHiddenMetricsForVersion", "winkernel", "windowsRunAsService"],
]);

/** Throws FlagError with what is wrong. */
export function readProxyFile(path: string): Readonly<Record<string, unknown>> {
  try {
    return parseProxyFile(readFileSync(path, "utf8"), path);
  } catch (error) {
    if (error instanceof FlagError) throw error;
    throw new FlagError(`failed complete: open ${path}: no such file or directory`);
  }
}

/** Values by flag. */
export function parseProxyFile(text: string, path: string): Readonly<Record<string, unknown>> {
  const document = fromYaml(text)[0];
  if (
    !isPart(document) ||
    document["kind"] !== "KubeProxyConfiguration" ||
    document["apiVersion"] !== "kubeproxy.config.k8s.io/v1alpha1"
  )
    throw new FlagError(`${path}: kind KubeProxyConfiguration of kubeproxy.config.k8s.io/v1alpha1 is wanted`);
  refuseFields(document, path);
  const values: Record<string, unknown> = {};
  for (const [field, flag] of Object.entries(flagOf)) {
    const value = field.split(".").reduce<unknown>((part, name) => (isPart(part) ? part[name] : undefined), document);
    if (value === undefined || value === null || value === "" || value === false) continue;
    values[flag] = shaped(flag, value);
  }
  // 0.0.0.0 asks for the address to be found, which is what happens without.
  if (/^(0\.0\.0\.0|::)$/.test(String(values["bind-address"]))) delete values["bind-address"];
  return values;
}

function refuseFields(document: Part, path: string): void {
  for (const [field, value] of Object.entries(document)) {
    if (inert.has(field) || known.has(field) || value === null) continue;
    if (field !== "detectLocalMode")
      throw new FlagError(`${path}: strict decoding error: unknown field ${JSON.stringify(field)}`);
    if (!["", "ClusterCIDR"].some((each) => deepEqual(each, value)))
      throw new FlagError(
        `${path}: detectLocalMode ${String(value)} is not implemented: traffic of pods is told by clusterCIDR`,
      );
  }
}

function shaped(flag: string, value: unknown): unknown {
  if (flag === "feature-gates")
    return isPart(value) ? Object.entries(value).map(([name, on]) => `${name}=${String(on)}`) : [];
  if (flag === "cluster-cidr") return String(value).split(",");
  if (flag.includes("-timeout")) return parseGoDuration(String(value));
  return value;
}
