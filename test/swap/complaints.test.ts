import assert from "node:assert/strict";
import { test } from "node:test";
import { shapeOf } from "./complaints.ts";

test("lines that differ in what varies have one shape", () => {
  const pairs: readonly (readonly [string, string])[] = [
    [
      `E1121 14:37:50.591429      68 replica_set.go:640] "Unhandled Error" err="sync \\"swap-pdb/kept-6fcb4f87b8\\" failed with read version: 436 is not as new as written version: 446 for group resource replicasets.apps" logger="UnhandledError"`,
      `E0101 01:02:03.000001    1268 replica_set.go:640] "Unhandled Error" err="sync \\"swap-rollout/web-5f87c867fd\\" failed with read version: 7 is not as new as written version: 12 for group resource replicasets.apps" logger="UnhandledError"`,
    ],
    [
      `E1121 14:39:07.996585      69 kubelet_pods.go:2193] "failed" err="for cgroup /sys/fs/cgroup/memory/t8s-swap-xtajsh/kubepods/besteffort/pod3375aee2-6ec8-47c9-8a28-3fd83c798c3d: openat2 /sys/fs/cgroup: no such file" podName="shy"`,
      `E1121 14:39:30.056684      69 kubelet_pods.go:2193] "failed" err="for cgroup /sys/fs/cgroup/memory/t8s-swap-abcdef/kubepods/burstable/pod90993aec-0ef7-4721-ae6a-78be547a43b5: openat2 /sys/fs/cgroup: no such file" podName="db-1"`,
    ],
    [
      `E1121 14:39:24.007329      69 pod_workers.go:1338] "Error syncing pod, skipping" err="back-off 10s restarting failed container=main pod=sickly_swap-probes(7e8d9ce0-1f13-40ea-8f8c-68fd4b507c07)" pod="swap-probes/sickly" podUID="7e8d9ce0-1f13-40ea-8f8c-68fd4b507c07"`,
      `E1121 14:40:24.007329     100 pod_workers.go:1338] "Error syncing pod, skipping" err="back-off 20s restarting failed container=main pod=other_swap-job(90993aec-0ef7-4721-ae6a-78be547a43b5)" pod="swap-job/other" podUID="90993aec-0ef7-4721-ae6a-78be547a43b5"`,
    ],
  ];
  for (const [one, other] of pairs) assert.equal(shapeOf(one), shapeOf(other));
  assert.notEqual(shapeOf(pairs[0]![0]), shapeOf(pairs[1]![0]));
});
