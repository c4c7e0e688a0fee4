import assert from "node:assert/strict";
import { test } from "node:test";
import { parseProxyFile } from "./configuration.ts";

const head = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";
const parse = (body: string) => parseProxyFile(`${head}${body}`, "/p.yaml");

test("the file that kubeadm writes", () => {
  const values = parse(`bindAddress: 0.0.0.0
bindAddressHardFail: false
clientConnection: {acceptContentTypes: "", burst: 0, kubeconfig: /var/lib/kube-proxy/kubeconfig.conf, qps: 0}
clusterCIDR: 10.244.0.0/16,fd00::/64
configSyncPeriod: 0s
conntrack: {maxPerCore: null, min: null, tcpCloseWaitTimeout: null, tcpEstablishedTimeout: 12h0m0s, udpTimeout: 0s}
detectLocal: {bridgeInterface: "", interfaceNamePrefix: ""}
detectLocalMode: ""
enableProfiling: false
healthzBindAddress: ""
hostnameOverride: node-1
iptables: {masqueradeAll: true, syncPeriod: 0s}
ipvs: {strictARP: false}
logging: {verbosity: 0}
metricsBindAddress: ""
mode: ""
nodePortAddresses: [10.0.0.0/8]
oomScoreAdj: null
portRange: ""
showHiddenMetricsForVersion: ""
`);
  assert.deepEqual(values, {
    kubeconfig: "/var/lib/kube-proxy/kubeconfig.conf",
    "cluster-cidr": ["10.244.0.0/16", "fd00::/64"],
    "conntrack-tcp-timeout-established": 43_200_000,
    "conntrack-udp-timeout": 0,
    "hostname-override": "node-1",
    "masquerade-all": true,
    "nodeport-addresses": ["10.0.0.0/8"],
  });
});

test("what can not be meant is refused", () => {
  assert.throws(() => parse("foo: 1"), /strict decoding error: unknown field "foo"$/);
  assert.throws(() => parse("detectLocalMode: NodeCIDR"), /detectLocalMode NodeCIDR is not implemented/);
  assert.throws(() => parseProxyFile("kind: Pod", "/p.yaml"), /kind KubeProxyConfiguration .* is wanted$/);
});
