import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../api/index.ts";
import { staleHostPortFlows } from "./hostports.ts";
import { planHostPorts } from "./plan.ts";

interface Sketch {
  readonly name?: string;
  readonly spec?: object;
  readonly status?: object;
  readonly meta?: object;
}
const pod = ({ name = "a", spec = {}, status = {}, meta = {} }: Sketch = {}): Pod =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "ns", uid: name, creationTimestamp: "2026-01-01T00:00:00Z", ...meta },
    spec: { containers: [{ name: "c", ports: [{ containerPort: 80, hostPort: 8080 }] }], ...spec },
    status: { phase: "Running", podIP: "10.0.0.2", podIPs: [{ ip: "10.0.0.2" }], ...status },
  }) as Pod;
const ports = (...list: object[]): object => ({ containers: [{ name: "c", ports: list }] });
const show = (pods: readonly Pod[]): string =>
  planHostPorts(pods, "ipv4")
    .map((each) => `${each.hostIp ?? "*"}:${each.hostPort}/${each.protocol}=${each.podIp}:${each.podPort}`)
    .join(" ");

test("which pods have host ports, and where they lead", () => {
  const table: readonly (readonly [string, Pod[], string])[] = [
    ["any address", [pod()], "*:8080/tcp=10.0.0.2:80"],
    ["no host port", [pod({ spec: ports({ containerPort: 80 }) })], ""],
    [
      "0.0.0.0 is any",
      [pod({ spec: ports({ containerPort: 80, hostPort: 1, hostIP: "0.0.0.0" }) })],
      "*:1/tcp=10.0.0.2:80",
    ],
    [
      "one address",
      [pod({ spec: ports({ containerPort: 80, hostPort: 1, hostIP: "127.0.0.1" }) })],
      "127.0.0.1:1/tcp=10.0.0.2:80",
    ],
    ["the other family's", [pod({ spec: ports({ containerPort: 80, hostPort: 1, hostIP: "::1" }) })], ""],
    [
      "UDP beside TCP",
      [pod({ spec: ports({ containerPort: 80, hostPort: 1 }, { containerPort: 53, hostPort: 1, protocol: "UDP" }) })],
      "*:1/tcp=10.0.0.2:80 *:1/udp=10.0.0.2:53",
    ],
    ["the node's own network", [pod({ spec: { hostNetwork: true } })], ""],
    ["ended", [pod({ status: { phase: "Succeeded" } })], ""],
    ["no address yet", [pod({ status: { podIP: undefined, podIPs: undefined } })], ""],
    [
      "the one that stays",
      [
        pod({ meta: { deletionTimestamp: "2026-01-02T00:00:00Z" }, status: { podIPs: [{ ip: "10.0.0.9" }] } }),
        pod({ name: "b" }),
      ],
      "*:8080/tcp=10.0.0.2:80",
    ],
  ];
  for (const [name, pods, expected] of table) {
    assert.equal(show(pods), expected, name);
    assert.equal(show(pods.toReversed()), expected, name);
  }
});

test("UDP flows end when their host port leads elsewhere", () => {
  const udp = (ip: string): ReturnType<typeof planHostPorts> =>
    planHostPorts(
      [pod({ spec: ports({ containerPort: 53, hostPort: 53, protocol: "UDP" }), status: { podIPs: [{ ip }] } })],
      "ipv4",
    );
  const flow = [{ protocol: "udp", nodePort: 53 }];
  assert.deepEqual(staleHostPortFlows(udp("10.0.0.2"), udp("10.0.0.2")), []);
  assert.deepEqual(staleHostPortFlows(udp("10.0.0.2"), udp("10.0.0.3")), flow);
  assert.deepEqual(staleHostPortFlows([], udp("10.0.0.3")), flow);
  assert.deepEqual(staleHostPortFlows(udp("10.0.0.2"), []), flow);
});
