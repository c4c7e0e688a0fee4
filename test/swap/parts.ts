// The command line of each part, ours and upstream's: the same files, addresses and names for both, and where the flags are the
// same, the same flags.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import type { ClusterPki, KeyPair } from "../../src/cluster/pki/index.ts";
import { kubeconfig } from "../../src/cluster/pki/index.ts";
import type { Owner, Part } from "./mixes.ts";

export interface Place {
  readonly directory: string;
  readonly pki: ClusterPki;
  /** Of this checkout: `dist/t8s.js`. */
  readonly program: string;
  /** Folder of upstream's programs, by the part's upstream name. */
  readonly upstream: string;
  readonly nodeName: string;
  readonly nodeAddress: string;
  readonly containerdSocket: string;
  readonly cgroupRoot: string;
  readonly masqueradeAll: boolean;
}

/** Fixed: every cluster of the run has a network of its own. */
export const addresses = {
  api: 6443,
  serviceCidr: "10.96.0.0/16",
  serviceIp: "10.96.0.1",
  dns: "10.96.0.10",
  podCidr: "10.244.0.0/16",
  nodePodCidr: "10.244.0.0/24",
};

export interface Command {
  readonly program: string;
  readonly args: readonly string[];
}

const upstreamName = (part: Part): string => (part === "kubelet" ? part : `kube-${part}`);

export function commandOf(part: Part, owner: Owner, place: Place): Command {
  const flags = flagsOf[part](place, owner);
  return owner === "upstream"
    ? { program: join(place.upstream, upstreamName(part)), args: flags }
    : { program: process.execPath, args: [place.program, part, ...flags] };
}

const flagsOf: Readonly<Record<Part, (place: Place, owner: Owner) => string[]>> = {
  apiserver: apiServerFlags,
  "controller-manager": controllerManagerFlags,
  scheduler: (place) => schedulerFlags(place),
  kubelet: (place, owner) => (owner === "upstream" ? upstreamKubeletFlags(place) : kubeletFlags(place)),
  proxy: proxyFlags,
};

const file = (place: Place, name: string): string => join(place.directory, "pki", name);

/** Writes the kubeconfig of one user and yields its path. */
export function kubeconfigOf(place: Place, userName: string, client: KeyPair): string {
  const path = join(place.directory, `${userName}.kubeconfig`);
  const server = `https://127.0.0.1:${addresses.api}`;
  writeFileSync(path, kubeconfig({ userName, server, ca: place.pki.ca.cert, client }), { mode: 0o600 });
  return path;
}

export const etcdPort = 2379;

function apiServerFlags(place: Place, owner: Owner): string[] {
  const at = (name: string): string => file(place, name);
  const store =
    owner === "upstream"
      ? [`--etcd-servers=http://127.0.0.1:${etcdPort}`]
      : ["--store=sqlite", `--data-dir=${join(place.directory, "store")}`];
  return [
    ...store,
    `--secure-port=${addresses.api}`,
    `--advertise-address=${place.nodeAddress}`,
    `--cert-dir=${join(place.directory, "certs")}`,
    `--tls-cert-file=${at("apiserver.crt")}`,
    `--tls-private-key-file=${at("apiserver.key")}`,
    `--client-ca-file=${at("ca.crt")}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${at("sa.pub")}`,
    `--service-account-signing-key-file=${at("sa.key")}`,
    `--kubelet-client-certificate=${at("apiserver-kubelet-client.crt")}`,
    `--kubelet-client-key=${at("apiserver-kubelet-client.key")}`,
    `--kubelet-certificate-authority=${at("ca.crt")}`,
    "--kubelet-preferred-address-types=InternalIP",
    `--requestheader-client-ca-file=${at("front-proxy-ca.crt")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
    `--proxy-client-cert-file=${at("front-proxy-client.crt")}`,
    `--proxy-client-key-file=${at("front-proxy-client.key")}`,
    `--service-cluster-ip-range=${addresses.serviceCidr}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
  ];
}

function managerFlags(kubeconfigFile: string): string[] {
  return [
    `--kubeconfig=${kubeconfigFile}`,
    `--authentication-kubeconfig=${kubeconfigFile}`,
    `--authorization-kubeconfig=${kubeconfigFile}`,
    "--bind-address=127.0.0.1",
  ];
}

function controllerManagerFlags(place: Place): string[] {
  const at = (name: string): string => file(place, name);
  return [
    ...managerFlags(kubeconfigOf(place, "controller-manager", place.pki.controllerManager)),
    "--use-service-account-credentials=true",
    `--service-account-private-key-file=${at("sa.key")}`,
    `--root-ca-file=${at("ca.crt")}`,
    `--cluster-signing-cert-file=${at("ca.crt")}`,
    `--cluster-signing-key-file=${at("ca.key")}`,
    "--allocate-node-cidrs=true",
    `--cluster-cidr=${addresses.podCidr}`,
    `--service-cluster-ip-range=${addresses.serviceCidr}`,
    "--controllers=*,bootstrap-signer-controller,token-cleaner-controller",
  ];
}

const schedulerFlags = (place: Place): string[] => managerFlags(kubeconfigOf(place, "scheduler", place.pki.scheduler));

const nodePki = (place: Place) => place.pki.nodes.get(place.nodeName)!;
const kubeletDirectory = (place: Place): string => join(place.directory, "kubelet");

function commonKubeletFlags(place: Place): string[] {
  return [
    `--kubeconfig=${kubeconfigOf(place, "kubelet", nodePki(place).client)}`,
    `--hostname-override=${place.nodeName}`,
    `--node-ip=${place.nodeAddress}`,
    `--root-dir=${kubeletDirectory(place)}`,
    `--cert-dir=${join(place.directory, "kubelet-pki")}`,
  ];
}

/** Nobody answers there: names of the outside are not asked for. */
function resolverFile(place: Place): string {
  const path = join(place.directory, "resolv.conf");
  writeFileSync(path, "nameserver 192.0.2.1\n");
  return path;
}

function kubeletFlags(place: Place): string[] {
  return [
    ...commonKubeletFlags(place),
    `--container-runtime-endpoint=unix://${place.containerdSocket}`,
    `--pod-logs-dir=${join(place.directory, "pod-logs")}`,
    `--cgroup-root=${place.cgroupRoot}`,
    `--cluster-dns=${addresses.dns}`,
    `--resolv-conf=${resolverFile(place)}`,
    `--client-ca-file=${file(place, "ca.crt")}`,
    `--tls-cert-file=${file(place, `nodes/${place.nodeName}-serving.crt`)}`,
    `--tls-private-key-file=${file(place, `nodes/${place.nodeName}-serving.key`)}`,
    "--sync-frequency=10s",
    "--image-gc-high-threshold=100",
  ];
}

function upstreamKubeletFlags(place: Place): string[] {
  const configuration = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      x509: { clientCAFile: file(place, "ca.crt") },
      webhook: { enabled: true },
      anonymous: { enabled: false },
    },
    authorization: { mode: "Webhook" },
    containerRuntimeEndpoint: `unix://${place.containerdSocket}`,
    cgroupDriver: "cgroupfs",
    cgroupRoot: place.cgroupRoot,
    clusterDNS: [addresses.dns],
    clusterDomain: "cluster.local",
    resolvConf: resolverFile(place),
    podLogsDir: join(place.directory, "pod-logs"),
    volumePluginDir: join(place.directory, "volume-plugins"),
    tlsCertFile: file(place, `nodes/${place.nodeName}-serving.crt`),
    tlsPrivateKeyFile: file(place, `nodes/${place.nodeName}-serving.key`),
    syncFrequency: "10s",
    volumeStatsAggPeriod: "10s",
    imageGCHighThresholdPercent: 100,
    // What this kind of machine lacks: systemd and the second version of cgroups, a machine without swap.
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
  };
  const path = join(place.directory, "kubelet.json");
  writeFileSync(path, JSON.stringify(configuration));
  return [...commonKubeletFlags(place), `--config=${path}`];
}

function proxyFlags(place: Place, owner: Owner): string[] {
  return [
    `--kubeconfig=${kubeconfigOf(place, "proxy", place.pki.kubeProxy)}`,
    `--hostname-override=${place.nodeName}`,
    `--bind-address=${place.nodeAddress}`,
    "--proxy-mode=nftables",
    `--cluster-cidr=${addresses.podCidr}`,
    "--conntrack-max-per-core=0",
    "--conntrack-min=0",
    ...(place.masqueradeAll ? ["--masquerade-all"] : []),
    ...(owner === "ours" ? ["--rules-name=swap"] : []),
  ];
}

/** The cgroup that upstream's kubelet wants to find, in every hierarchy. */
export function makeCgroups(root: string): void {
  const base = "/sys/fs/cgroup";
  for (const hierarchy of readdirSync(base)) {
    const path = join(base, hierarchy, root);
    mkdirSync(path, { recursive: true });
    // A cpuset takes no process before it has processors and memory.
    for (const name of hierarchy === "cpuset" ? ["cpuset.mems", "cpuset.cpus"] : [])
      writeFileSync(join(path, name), readFileSync(join(base, hierarchy, name)));
  }
}
