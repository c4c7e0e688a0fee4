// Numbers, texts and choices that are tables: back-off, cgroups, image names, DNS, admission, eviction, garbage, logs.
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Node } from "../api/index.ts";
import { VirtualClock } from "../base/index.ts";
import { evictionMessage, metThresholds, rank } from "./eviction/plan.ts";
import { garbage } from "./gc/containers.ts";
import { imagesToRemove } from "./gc/images.ts";
import { containerWithLogs } from "./logs/container.ts";
import { createLineSplitter, createLogFilter, parseLogLine } from "./logs/parse.ts";
import { rotationPlan } from "./logs/rotate.ts";
import { admit } from "./pods/admission.ts";
import {
  milliCpuToQuota,
  milliCpuToShares,
  oomScoreAdjust,
  podCgroup,
  podCgroupSettings,
  sharesToWeight,
} from "./resources/qos.ts";
import { podRequests, qosOf } from "./resources/requests.ts";
import { createBackoff, durationText } from "./sync/backoff.ts";
import { hostsContent, parseResolvConf, podDns, podHostname } from "./sync/dns.ts";
import { withDefaultTag } from "./sync/image-name.ts";
import { testPod } from "./testing.ts";
import { parseEnvFile } from "./volumes/env-file.ts";

describe("back-off", () => {
  it("doubles from 10 s to 5 min and is forgotten after twice that", async () => {
    const clock = new VirtualClock();
    const backoff = createBackoff({ clock, initialMs: 10_000, limitMs: 300_000 });
    const delays: number[] = [];
    for (let crash = 0; crash < 7; crash++) {
      backoff.next("k", clock.now());
      delays.push(backoff.delayMs("k"));
      assert.equal(backoff.leftMs("k", clock.now()), backoff.delayMs("k"));
      await clock.advance(backoff.delayMs("k"));
    }
    assert.deepEqual(delays, [10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
    await clock.advance(601_000);
    assert.equal(backoff.leftMs("k", clock.now()), 0);
    backoff.next("k", clock.now());
    assert.equal(backoff.delayMs("k"), 10_000);
  });
  for (const byMs of [-7_200_000, -90_000, 90_000, 7_200_000])
    it(`is not moved by a wall clock that is set by ${byMs} ms`, async () => {
      const clock = new VirtualClock();
      const backoff = createBackoff({ clock, initialMs: 10_000, limitMs: 300_000 });
      const endedMs = clock.now();
      backoff.next("k", endedMs);
      await clock.advance(4_000);
      assert.equal(backoff.leftMs("k", endedMs), 6_000);
      clock.jump(byMs);
      await clock.advance(1_000);
      assert.equal(backoff.leftMs("k", endedMs), 5_000);
      assert.equal(backoff.leftSinceUpdateMs("k"), 5_000);
      await clock.advance(5_000);
      assert.equal(backoff.leftMs("k", endedMs), 0);
      backoff.next("k", endedMs);
      assert.equal(backoff.delayMs("k"), 20_000, "and it is not forgotten either");
    });
  it("an end that lies in the future, as a clock set back shows it, was just now", () => {
    const clock = new VirtualClock();
    const backoff = createBackoff({ clock, initialMs: 10_000, limitMs: 300_000 });
    backoff.next("k");
    assert.equal(backoff.leftMs("k", clock.now() + 3_600_000), 10_000);
  });
  for (const [ms, text] of [
    [10_000, "10s"],
    [80_000, "1m20s"],
    [300_000, "5m0s"],
    [1500, "1.5s"],
    [250, "250ms"],
  ] as const)
    it(text, () => assert.equal(durationText(ms), text));
});

describe("cgroup numbers", () => {
  for (const [milli, shares, quota] of [
    [0, 2, 0],
    [1, 2, 1000],
    [100, 102, 10_000],
    [1000, 1024, 100_000],
    [2500, 2560, 250_000],
  ] as const)
    it(`${milli}m`, () => assert.deepEqual([milliCpuToShares(milli), milliCpuToQuota(milli)], [shares, quota]));
  for (const [shares, weight] of [
    [2, 1],
    [102, 4],
    [1024, 39],
    [262_144, 10_000],
  ] as const)
    it(`${shares} shares weigh ${weight}`, () => assert.equal(sharesToWeight(shares), weight));

  const burstable = testPod({
    containers: [{ name: "c", resources: { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "200m" } } }],
  });
  const guaranteed = testPod({
    containers: [
      { name: "c", resources: { requests: { cpu: "1", memory: "1Gi" }, limits: { cpu: "1", memory: "1Gi" } } },
    ],
  });
  it("by class", () => {
    const settings = (pod: ReturnType<typeof testPod>): object =>
      podCgroupSettings(pod, { cpuCfsQuota: true, podPidsLimit: -1 });
    assert.deepEqual(
      [qosOf(burstable), podCgroup(burstable, "/"), settings(burstable)],
      ["Burstable", "/kubepods/burstable/podu", { cpuShares: 102, cpuQuota: 20_000, cpuPeriod: 100_000 }],
    );
    assert.deepEqual(
      [qosOf(guaranteed), podCgroup(guaranteed, "/own"), settings(guaranteed)],
      [
        "Guaranteed",
        "/own/kubepods/podu",
        { cpuShares: 1024, cpuQuota: 100_000, cpuPeriod: 100_000, memoryLimitBytes: 1024 ** 3 },
      ],
    );
    assert.deepEqual([qosOf(testPod({})), settings(testPod({}))], ["BestEffort", { cpuShares: 2 }]);
  });
  it("who is killed first when memory is short", () => {
    const capacity = 4 * 1024 ** 3;
    const score = (pod: ReturnType<typeof testPod>): number => oomScoreAdjust(pod, pod.spec.containers[0]!, capacity);
    assert.deepEqual([score(guaranteed), score(burstable), score(testPod({}))], [-997, 985, 1000]);
  });
  it("an init container raises what the pod asks for, a sidecar adds to it", () => {
    const request = (cpu: string): { resources: { requests: { cpu: string } } } => ({
      resources: { requests: { cpu } },
    });
    const pod = testPod({
      initContainers: [
        { name: "s", restartPolicy: "Always", ...request("100m") },
        { name: "i", ...request("2") },
      ],
      containers: [{ name: "c", ...request("500m") }],
    });
    assert.deepEqual(podRequests(pod), { cpu: "2100m" });
  });
});

describe("image names", () => {
  for (const [name, expected] of [
    ["nginx", "nginx:latest"],
    ["nginx:1", "nginx:1"],
    ["localhost:5000/a/b", "localhost:5000/a/b:latest"],
    [`a@sha256:${"0".repeat(64)}`, `a@sha256:${"0".repeat(64)}`],
  ] as const)
    it(name, () => assert.equal(withDefaultTag(name), expected));
  it("that are none", () => {
    assert.throws(() => withDefaultTag("UPPER/Case"), {
      message: `couldn't parse image name "UPPER/Case": invalid reference format: repository name (Case) must be lowercase`,
    });
    for (const bad of ["", "a b", "a:", "a@sha256:1", "-a"])
      assert.throws(() => withDefaultTag(bad), /invalid reference format/, bad);
  });
});

describe("names of a pod", () => {
  const host = parseResolvConf("nameserver 192.0.2.1\nsearch a.example b.example.\noptions ndots:1 edns0\n# x\n");
  const dns = (spec: Parameters<typeof testPod>[0]): object =>
    podDns({ pod: testPod(spec), host, clusterDns: ["10.96.0.10"], clusterDomain: "cluster.local", warn: () => {} });
  it("follow dnsPolicy and dnsConfig", () => {
    const cluster = {
      servers: ["10.96.0.10"],
      searches: ["ns.svc.cluster.local", "svc.cluster.local", "cluster.local", "a.example", "b.example"],
      options: ["ndots:5"],
    };
    assert.deepEqual(dns({}), cluster);
    assert.deepEqual(dns({ hostNetwork: true }), {
      servers: ["192.0.2.1"],
      searches: ["a.example", "b.example"],
      options: ["ndots:1", "edns0"],
    });
    assert.deepEqual(dns({ hostNetwork: true, dnsPolicy: "ClusterFirstWithHostNet" }), cluster);
    assert.deepEqual(
      dns({
        dnsPolicy: "None",
        dnsConfig: {
          nameservers: ["192.0.2.9"],
          searches: ["x"],
          options: [{ name: "ndots", value: "2" }, { name: "debug" }],
        },
      }),
      { servers: ["192.0.2.9"], searches: ["x"], options: ["ndots:2", "debug"] },
    );
  });
  it("make its /etc/hosts", () => {
    const pod = testPod({ hostname: "h", subdomain: "sub", hostAliases: [{ ip: "192.0.2.7", hostnames: ["x", "y"] }] });
    const text = hostsContent({ pod, podIps: ["10.0.0.2"], nodeHosts: "", ...podHostname(pod, "cluster.local") });
    assert.match(text, /^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n/);
    assert.match(
      text,
      /\n10\.0\.0\.2\th\.sub\.ns\.svc\.cluster\.local\th\n\n# Entries added by HostAliases\.\n192\.0\.2\.7\tx\ty\n$/,
    );
  });
});

describe("admission", () => {
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n", labels: { a: "1" } },
    spec: {},
  } as unknown as Node;
  const allocatable = { cpu: "1", memory: "1Gi", pods: "2" };
  const asked = (
    spec: Parameters<typeof testPod>[0],
    others: ReturnType<typeof testPod>[] = [],
    pressure: readonly ("memory" | "disk" | "pid")[] = [],
  ): unknown =>
    admit({
      pod: testPod(spec),
      others,
      node,
      allocatable,
      allowedUnsafeSysctls: ["net.core.*"],
      supplementalGroupsPolicySupported: false,
      pressure: { memory: pressure.includes("memory"), disk: pressure.includes("disk"), pid: pressure.includes("pid") },
    });
  const cpu = (amount: string): Parameters<typeof testPod>[0] => ({
    containers: [{ name: "c", resources: { requests: { cpu: amount } } }],
  });
  const table: [name: string, got: unknown, expected: unknown][] = [
    ["fits", asked(cpu("1")), undefined],
    ["short of memory, some asked for", asked(cpu("1"), [], ["memory"]), undefined],
    [
      "short of memory, best effort",
      asked({}, [], ["memory"]),
      { reason: "Evicted", message: "The node had condition: [MemoryPressure]. " },
    ],
    [
      "short of disk and processes",
      asked(cpu("1"), [], ["disk", "pid"]),
      { reason: "Evicted", message: "The node had condition: [DiskPressure PIDPressure]. " },
    ],
    ["short of disk, critical", asked({ priority: 2_000_000_000 }, [], ["disk"]), undefined],
    [
      "too much",
      asked(cpu("600m"), [testPod(cpu("500m"))]),
      {
        reason: "OutOfcpu",
        message: "Node didn't have enough resource: cpu, requested: 600, used: 500, capacity: 1000",
      },
    ],
    [
      "too many",
      asked({}, [testPod({}), testPod({})]),
      { reason: "OutOfpods", message: "Node didn't have enough resource: pods, requested: 1, used: 2, capacity: 2" },
    ],
    [
      "selector",
      asked({ nodeSelector: { a: "2" } }),
      {
        reason: "NodeAffinity",
        message: "Predicate NodeAffinity failed: node(s) didn't match Pod's node affinity/selector",
      },
    ],
    [
      "sysctl",
      asked({ securityContext: { sysctls: [{ name: "kernel.msgmax", value: "1" }] } }),
      { reason: "SysctlForbidden", message: 'forbidden sysctl: "kernel.msgmax" not allowlisted' },
    ],
    [
      "allowed sysctl",
      asked({ securityContext: { sysctls: [{ name: "net.core.somaxconn", value: "1" }] } }),
      undefined,
    ],
    [
      "port",
      asked({ containers: [{ name: "c", ports: [{ containerPort: 1, hostPort: 80 }] }] }, [
        testPod({ containers: [{ name: "d", ports: [{ containerPort: 2, hostPort: 80 }] }] }),
      ]),
      {
        reason: "NodePorts",
        message: "Predicate NodePorts failed: node(s) didn't have free ports for the requested pod ports",
      },
    ],
  ];
  for (const [name, got, expected] of table) it(name, () => assert.deepEqual(got, expected));
});

describe("eviction", () => {
  const observation = { available: 50 * 1024 ** 2, capacity: 1024 ** 3 };
  const threshold = { signal: "memory.available", value: "100Mi" } as const;
  it("begins below the threshold, a percentage of the whole or an amount", () => {
    assert.deepEqual(
      metThresholds([threshold, { signal: "nodefs.available", value: "10%" }], {
        "memory.available": observation,
        "nodefs.available": { available: 10, capacity: 100 },
      }),
      [threshold],
    );
  });
  it("takes who is beyond its request first, then low priority, then the largest", () => {
    const pod = (name: string, priority: number, memory: string): ReturnType<typeof testPod> =>
      testPod({ priority, containers: [{ name: "c", resources: { requests: { memory } } }] }, { name, uid: name });
    const use = (
      memoryBytes: number,
    ): { memoryBytes: number; diskBytes: number; processes: number; containers: [] } => ({
      memoryBytes,
      diskBytes: 0,
      processes: 1,
      containers: [],
    });
    const uses = new Map([
      ["modest", use(100)],
      ["greedy", use(5000)],
      ["greedier", use(9000)],
      ["important", use(90_000)],
    ]);
    const order = rank(
      [pod("modest", 0, "1Ki"), pod("greedy", 0, "1Ki"), pod("greedier", 0, "1Ki"), pod("important", 100, "1Ki")],
      uses,
      "memory.available",
    );
    assert.deepEqual(
      order.map((each) => each.metadata.name),
      ["greedier", "greedy", "important", "modest"],
    );
  });
  it("says why", () => {
    const use = {
      memoryBytes: 2048,
      diskBytes: 0,
      processes: 1,
      containers: [{ name: "c", memoryBytes: 2048, diskBytes: 0 }],
    };
    assert.equal(
      evictionMessage({ threshold, observation, pod: testPod({}), use }),
      "The node was low on resource: memory. Threshold quantity: 100Mi, available: 50Mi. Container c was using 2Ki, request is 0, has larger consumption of memory. ",
    );
  });
});

describe("garbage", () => {
  it("is all but the newest dead container of each, and old sandboxes without containers", () => {
    const labels = { "io.kubernetes.pod.uid": "u", "io.kubernetes.container.name": "c" };
    const container = (id: string, createdAtMs: number, sandboxId: string, state: "exited" | "running" = "exited") => ({
      id,
      sandboxId,
      name: "c",
      attempt: 0,
      image: "",
      imageRef: "",
      state,
      createdAtMs,
      labels,
      annotations: {},
    });
    const sandbox = (id: string, createdAtMs: number) => ({
      id,
      name: "p",
      namespace: "ns",
      uid: "u",
      attempt: 0,
      state: "notReady" as const,
      createdAtMs,
      labels: {},
      annotations: {},
    });
    assert.deepEqual(
      garbage({
        containers: [container("1", 1, "a"), container("2", 2, "b"), container("3", 3, "b", "running")],
        sandboxes: [sandbox("a", 1), sandbox("b", 2)],
        keep: 1,
      }),
      { containers: ["1"], sandboxes: ["a"] },
    );
  });
  it("among images is what was not used for longest, until enough is free", () => {
    const image = (id: string) => ({ id, repoTags: [], repoDigests: [], sizeBytes: 10, pinned: false });
    const records = new Map([
      ["new", { firstSeenMs: 990, lastUsedMs: 0 }],
      ["used", { firstSeenMs: 0, lastUsedMs: 0 }],
      ["late", { firstSeenMs: 0, lastUsedMs: 500 }],
      ["early", { firstSeenMs: 0, lastUsedMs: 100 }],
    ]);
    const chosen = imagesToRemove({
      images: ["new", "used", "late", "early"].map(image),
      records,
      inUse: new Set(["used"]),
      bytesToFree: 10,
      minimumAgeMs: 100,
      nowMs: 1000,
    });
    assert.deepEqual(
      chosen.map((each) => each.id),
      ["early"],
    );
  });
});

describe("logs", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
  it("lines tell time, stream and text", () => {
    const line = parseLogLine(bytes("2026-01-02T03:04:05.000000006Z stderr F a b\n"));
    assert.deepEqual(
      [line.timestamp, line.stream, line.partial, new TextDecoder().decode(line.content)],
      ["2026-01-02T03:04:05.000000006Z", "stderr", false, "a b\n"],
    );
    assert.equal(new TextDecoder().decode(parseLogLine(bytes("2026-01-02T03:04:05Z stdout P half\n")).content), "half");
    assert.throws(() => parseLogLine(bytes("nonsense")), /unexpected log line/);
  });
  it("are cut where chunks end", () => {
    const splitter = createLineSplitter();
    const lines = ["ab", "c\nd", "e\n\nf"].flatMap((chunk) =>
      splitter.push(bytes(chunk)).map((line) => new TextDecoder().decode(line)),
    );
    assert.deepEqual([lines, new TextDecoder().decode(splitter.rest())], [["abc\n", "de\n", "\n"], "f"]);
  });
  it("are limited, stamped and chosen", () => {
    const filter = createLogFilter({
      follow: false,
      tailLines: undefined,
      limitBytes: 30,
      sinceMs: Date.parse("2026-01-02T00:00:00Z"),
      timestamps: true,
      stream: "stdout",
    });
    const took = [
      "2026-01-01T00:00:00Z stdout F old\n",
      "2026-01-02T00:00:00Z stderr F err\n",
      "2026-01-02T00:00:00Z stdout F one\n",
      "2026-01-02T00:00:01Z stdout F two\n",
    ].map((line) => {
      const got = filter.take(parseLogLine(bytes(line)));
      return got === undefined ? undefined : new TextDecoder().decode(got);
    });
    assert.deepEqual([took, filter.full], [[undefined, undefined, "2026-01-02T00:00:00Z one\n", "2026-"], true]);
  });
  it("rotated ones: the oldest go, the rest is compressed", () => {
    assert.deepEqual(rotationPlan(["0.log.1.gz", "0.log.2.gz", "0.log.3", "0.log.4", "0.log.5.tmp"], 4), {
      remove: ["0.log.5.tmp", "0.log.1.gz", "0.log.2.gz"],
      compress: ["0.log.3", "0.log.4"],
    });
  });
  const waiting = (reason: string): { name: string; status: object } => ({
    name: "p",
    status: {
      containerStatuses: [
        { name: "c", image: "", imageID: "", ready: false, restartCount: 0, state: { waiting: { reason } } },
      ],
    },
  });
  for (const [reason, text] of [
    ["ContainerCreating", 'container "c" in pod "p" is waiting to start: ContainerCreating'],
    ["ErrImagePull", `container "c" in pod "p" is waiting to start: image can't be pulled`],
    ["ImagePullBackOff", 'container "c" in pod "p" is waiting to start: trying and failing to pull image'],
  ] as const)
    it(reason, () => assert.throws(() => containerWithLogs(waiting(reason), "c", false), { message: text }));
});

describe("files with variables", () => {
  it("hold NAME='value' lines", () => {
    assert.deepEqual(
      [...parseEnvFile("# c\nA='1'\n\nB='two\nlines' # end\n")],
      [
        ["A", "1"],
        ["B", "two\nlines"],
      ],
    );
    assert.throws(() => parseEnvFile("A=1\n"), /line 1 is not of the form/);
  });
});
