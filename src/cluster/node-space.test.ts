import assert from "node:assert/strict";
import { test } from "node:test";
import type { ClusterConfig } from "./config.ts";
import { furtherNode, inNode, mostRealNodes, nodeNetwork } from "./node-space.ts";

const config = (name: string, index: number): ClusterConfig => ({
  name,
  index,
  nodeName: "vm",
  clusterDomain: "cluster.local",
  serviceCidr: `10.${96 + index}.0.0/16`,
  podCidr: `10.${244 + index}.0.0/16`,
  apiServiceIp: `10.${96 + index}.0.1`,
  dnsIp: `10.${96 + index}.0.10`,
  bridge: `t8s${index}`,
  cgroupRoot: `/t8s-${name}`,
  ports: { api: 6443, kubelet: 10250, proxyHealth: 10256, dns: 10053 },
});

test("everything of a node follows from its number and its cluster's", () => {
  assert.deepEqual(furtherNode(config("lab", 3), 2), {
    number: 2,
    name: "vm-2",
    address: "10.243.3.2",
    namespace: "t8s-lab-2",
    namespacePath: "/run/netns/t8s-lab-2",
    link: "t8s3n2",
    cgroupRoot: "/t8s-lab/node-2",
  });
  assert.deepEqual(nodeNetwork(config("lab", 3)), { bridge: "t8s3n", cidr: "10.243.3.0/24", gateway: "10.243.3.1" });
});

test("nodes of all clusters of a machine differ, and their links' names fit the kernel's 15 bytes", () => {
  const all = ["a", "a-2"].flatMap((name, which) =>
    Array.from({ length: mostRealNodes - 1 }, (_, index) => furtherNode(config(name, 10 + which), index + 2)),
  );
  for (const key of ["address", "namespace", "link", "cgroupRoot"] as const)
    assert.equal(new Set(all.map((node) => node[key])).size, all.length, key);
  for (const { link, address } of all) {
    assert.ok(link.length <= 15, link);
    assert.match(address, /^10\.243\.1[01]\.([2-9]|\d\d|1\d\d|200)$/);
  }
});

test("a node's processes are entered without another process in between", () => {
  const words = inNode({ name: "vm-2", namespacePath: "/run/netns/t8s-lab-2" });
  assert.match(words[0]!, /nsenter$/);
  assert.ok(!words.includes("--fork"));
  assert.equal(words.at(-1), "vm-2");
});
