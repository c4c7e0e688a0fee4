import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { parseFlags } from "../../cli/index.ts";
import { flagsOfFile, parseThresholds, settingFlags, settingsOfFile, settingsOfFlags } from "./settings.ts";

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
      [() => settingsOfFile(file("topologyManagerPolicy: none\n")), /field topologyManagerPolicy is not implemented/],
      [() => settingsOfFile(file("imageMinimumGCAge: soon\n")), /it is not a duration/],
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
