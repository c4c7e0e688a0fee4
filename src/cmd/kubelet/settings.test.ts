import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { parseFlags } from "../../cli/index.ts";
import { processFlags, readConfiguration } from "./configuration.ts";
import { parseThresholds, settingFlags, settingsOf, settingsOfFlags } from "./settings.ts";

const settingsOfFile = (path: string) => settingsOf(readConfiguration(path));
const flagsOfFile = (path: string) => processFlags(readConfiguration(path));

const directory = mkdtempSync(join(tmpdir(), "t8s-settings-"));
after(() => rmSync(directory, { recursive: true }));

function file(text: string): string {
  const path = join(directory, "config.yaml");
  writeFileSync(path, `apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n${text}`);
  return path;
}

describe("settings of a kubelet", () => {
  it("a file and flags say the same in their own words", () => {
    const words = [
      "--container-log-max-size=5Mi",
      "--eviction-hard=memory.available<200Mi,nodefs.available<10%",
      "--minimum-image-ttl-duration=1m30s",
      "--kube-reserved=cpu=200m",
      "--cpu-cfs-quota=false",
      "--image-gc-high-threshold=70",
    ];
    const { values, given } = parseFlags(settingFlags, words);
    const expected = {
      containerLogMaxSizeBytes: 5 * 1024 * 1024,
      evictionHard: { "memory.available": "200Mi", "nodefs.available": "10%" },
      imageMinimumGcAgeSeconds: 90,
      kubeReserved: { cpu: "200m" },
      cpuCfsQuota: false,
      imageGcHighThresholdPercent: 70,
    };
    assert.deepEqual(settingsOfFlags(values, given), expected);
    const text = `containerLogMaxSize: 5Mi
evictionHard: {memory.available: 200Mi, nodefs.available: 10%}
imageMinimumGCAge: 1m30s
kubeReserved: {cpu: 200m}
cpuCFSQuota: false
imageGCHighThresholdPercent: 70
`;
    assert.deepEqual(settingsOfFile(file(text)), expected);
  });

  it("what is not said is not set", () => assert.deepEqual(settingsOfFlags({}, new Set()), {}));

  it("mistakes are named", () => {
    const table: [run: () => unknown, text: RegExp][] = [
      [() => parseThresholds("memory.available=1Gi"), /use SIGNAL<QUANTITY/],
      [() => parseThresholds("room.available<1Gi"), /unsupported eviction signal room\.available/],
      [() => parseThresholds("memory.available<much"), /"much" for "--eviction-hard" flag: it is not a quantity/],
      [
        () => settingsOfFile(file("topologyManagerPolicy: restricted\n")),
        /field topologyManagerPolicy is not implemented: CPUs/,
      ],
      [() => settingsOfFile(file("imageMinimumGCAge: soon\n")), /time: invalid duration "soon"/],
    ];
    for (const [run, text] of table) assert.throws(run, text);
  });
});

it("fields that are flags of the process are told apart from the kubelet's settings", () => {
  const path = file("rotateCertificates: true\nserverTLSBootstrap: true\nmaxPods: 5\n");
  assert.deepEqual(flagsOfFile(path), { "rotate-certificates": true, "rotate-server-certificates": true });
  assert.deepEqual(settingsOfFile(path), { maxPods: 5 });
  assert.throws(() => flagsOfFile(file("serverTLSBootstrap: often\n")), /field serverTLSBootstrap must be a boolean/);
});

it("the file that kubeadm writes is understood", () => {
  const path = file(`authentication:
  anonymous: {enabled: false}
  webhook: {cacheTTL: 0s, enabled: true}
  x509: {clientCAFile: /etc/kubernetes/pki/ca.crt}
authorization:
  mode: Webhook
  webhook: {cacheAuthorizedTTL: 0s, cacheUnauthorizedTTL: 0s}
cgroupDriver: systemd
clusterDNS: [10.96.0.10]
clusterDomain: cluster.local
containerRuntimeEndpoint: unix:///var/run/containerd/containerd.sock
cpuManagerReconcilePeriod: 0s
crashLoopBackOff: {}
evictionPressureTransitionPeriod: 0s
fileCheckFrequency: 0s
healthzBindAddress: 127.0.0.1
healthzPort: 10248
httpCheckFrequency: 0s
imageMaximumGCAge: 0s
imageMinimumGCAge: 0s
logging: {flushFrequency: 0, options: {json: {infoBufferSize: "0"}, text: {infoBufferSize: "0"}}, verbosity: 0}
memorySwap: {}
nodeStatusReportFrequency: 0s
nodeStatusUpdateFrequency: 0s
rotateCertificates: true
runtimeRequestTimeout: 0s
shutdownGracePeriod: 0s
shutdownGracePeriodCriticalPods: 0s
staticPodPath: /etc/kubernetes/manifests
streamingConnectionIdleTimeout: 0s
syncFrequency: 0s
volumeStatsAggPeriod: 0s
`);
  assert.deepEqual(settingsOfFile(path), {
    cgroupDriver: "systemd",
    clusterDns: ["10.96.0.10"],
    clusterDomain: "cluster.local",
    staticPodPath: "/etc/kubernetes/manifests",
  });
  assert.deepEqual(flagsOfFile(path), {
    "client-ca-file": "/etc/kubernetes/pki/ca.crt",
    "container-runtime-endpoint": "unix:///var/run/containerd/containerd.sock",
    "healthz-bind-address": "127.0.0.1",
    "healthz-port": 10248,
    "rotate-certificates": true,
  });
});

it("files of --config-dir are merged over the file, by name", () => {
  const dropIns = mkdtempSync(join(directory, "conf-"));
  const head = "apiVersion: kubelet.config.k8s.io/v1beta1\nkind: KubeletConfiguration\n";
  writeFileSync(join(dropIns, "20.conf"), `${head}maxPods: 20\nkubeReserved: {memory: 1Gi}\n`);
  writeFileSync(join(dropIns, "10.conf"), `${head}maxPods: 10\nclusterDomain: ten\n`);
  writeFileSync(join(dropIns, "README.md"), "not read");
  const path = file("maxPods: 5\nkubeReserved: {cpu: 100m}\n");
  assert.deepEqual(settingsOf(readConfiguration(path, dropIns)), {
    maxPods: 20,
    kubeReserved: { cpu: "100m", memory: "1Gi" },
    clusterDomain: "ten",
  });
});

it("what a file can not have is refused with the reason", () => {
  const cases: readonly [string, RegExp][] = [
    [
      "authentication: {anonymous: {enabled: true}}",
      /authentication\.anonymous\.enabled: requests without credentials/,
    ],
    ["authorization: {mode: AlwaysAllow}", /the API server is always asked/],
    ["cpuManagerPolicy: static", /field cpuManagerPolicy is not implemented: CPUs/],
    ["shutdownGracePeriod: 30s", /field shutdownGracePeriod is not implemented$/],
    ["readOnlyPort: 10255", /field readOnlyPort is not implemented/],
    ["foo: 1", /field foo is not implemented/],
  ];
  for (const [text, message] of cases) assert.throws(() => settingsOfFile(file(`${text}\n`)), message);
});
