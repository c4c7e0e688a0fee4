import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { endpoints, nodes, pods, services } from "../../api/index.ts";
import { seededRng } from "../../base/index.ts";
import { type KubeObject, StatusError } from "../../machinery/index.ts";
import { memoryObjects } from "../authz/reader.fixture.ts";
import type { ConnectTarget } from "./connect.ts";
import { locate } from "./location.ts";

const object = (kind: string, name: string, rest: object, namespace?: string): KubeObject =>
  ({
    apiVersion: "v1",
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
    ...rest,
  }) as KubeObject;

const container = (name: string, port?: number) => ({ name, ...(port ? { ports: [{ containerPort: port }] } : {}) });
const pod = (name: string, spec: object, ip?: string) =>
  object("Pod", name, { spec, status: ip ? { podIP: ip, podIPs: [{ ip }] } : {} }, "ns");

/** Ways to write where a proxied request must not go. */
const forbidden = [
  ...["0:0:0:0:0:0:0:1", "::1", "::", "::ffff:7f00:1", "::ffff:127.0.0.1", "fe80::1", "febf::1", "ff02::1"],
  ...["0.0.0.0", "255.255.255.255", "169.254.169.254", "224.0.0.1", "239.1.1.1", "127.8.8.8", "localhost", ""],
];

function world() {
  const objects = memoryObjects();
  const status = {
    addresses: [
      { type: "Hostname", address: "n1" },
      { type: "InternalIP", address: "10.0.0.5" },
    ],
  };
  objects.set(
    nodes,
    object("Node", "n1", { status: { ...status, daemonEndpoints: { kubeletEndpoint: { Port: 10251 } } } }),
  );
  objects.set(nodes, object("Node", "n2", { status }));
  objects.set(nodes, object("Node", "lost", { status: {} }));
  objects.set(
    nodes,
    object("Node", "local", { status: { addresses: [{ type: "InternalIP", address: "127.0.0.1" }] } }),
  );
  for (const name of ["named", "half", "empty", "unknown"])
    objects.set(
      nodes,
      object("Node", name, {
        status: { addresses: [{ type: "Hostname", address: `${name}.example` }] },
      }),
    );
  objects.set(pods, pod("gone", { nodeName: "lost-node", containers: [container("c")] }));
  objects.set(pods, pod("one", { nodeName: "n1", containers: [container("c", 8080)] }, "10.1.0.9"));
  objects.set(
    pods,
    pod(
      "two",
      {
        nodeName: "n2",
        initContainers: [container("i")],
        containers: [container("a"), container("b")],
        ephemeralContainers: [container("e")],
      },
      "fd00::9",
    ),
  );
  objects.set(pods, pod("pending", { containers: [container("c")] }));
  objects.set(pods, pod("stray", { nodeName: "lost", containers: [container("c")] }));
  objects.set(pods, pod("host", { nodeName: "n1", containers: [container("c")] }, "127.0.0.1"));
  for (const [index, ip] of forbidden.entries())
    objects.set(pods, pod(`forbidden-${index}`, { nodeName: "n1", containers: [container("c")] }, ip));
  objects.set(services, object("Service", "web", { spec: { ports: [{ name: "http", port: 80 }] } }, "ns"));
  const address = (name: string, ip: string) => ({ ip, targetRef: { kind: "Pod", namespace: "ns", name } });
  objects.set(
    endpoints,
    object(
      "Endpoints",
      "web",
      {
        subsets: [
          {
            addresses: [address("one", "10.9.9.9"), address("one", "10.1.0.9")],
            ports: [{ name: "http", port: 8080 }],
          },
        ],
      },
      "ns",
    ),
  );
  objects.set(endpoints, object("Endpoints", "empty", {}, "ns"));
  objects.set(
    endpoints,
    object("Endpoints", "foreign", { subsets: [{ addresses: [{ ip: "10.0.0.1" }], ports: [{ port: 80 }] }] }, "ns"),
  );
  return objects;
}

const names: Readonly<Record<string, readonly string[]>> = {
  "named.example": ["10.0.0.9", "fd00::9"],
  "half.example": ["10.0.0.9", "127.0.0.1"],
  "empty.example": [],
};

async function lookup(hostname: string): Promise<readonly string[]> {
  const found = names[hostname];
  if (found === undefined) throw new Error(`lookup ${hostname}: no such host`);
  return found;
}

/** `path` as the client sends it, with its query. */
async function find(path: string, splitStreams = false): Promise<string | undefined> {
  const { reader } = world();
  const url = new URL(path, "http://x");
  const parts = url.pathname.split("/").filter((part) => part !== "");
  const namespaced = parts[2] === "namespaces";
  const [resource = "", name = "", subresource = ""] = parts.slice(namespaced ? 4 : 2);
  const namespace = namespaced ? parts[3]! : "";
  const kind = { pods, services, nodes }[resource as "pods"]!;
  const target = {
    resource,
    subresource,
    namespace,
    name: decodeURIComponent(name),
    path: "",
    query: url.searchParams,
    splitStreams,
    user: { username: "x", groups: [] },
    request: { method: "GET", path: url.pathname, query: url.searchParams, headers: {} },
    reader,
    object: reader.get(kind as typeof pods, namespace, name),
  } as ConnectTarget;
  try {
    const location = await locate(target, { rng: seededRng(1), lookup });
    return location && `${location.security} ${location.host} ${location.port} ${location.path}${location.search}`;
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    return `${error.code} ${error.message}`;
  }
}

const base = "/api/v1/namespaces/ns";
const table: readonly [string, string | undefined][] = [
  [`${base}/pods/one/log`, "kubelet 10.0.0.5 10251 /containerLogs/ns/one/c"],
  [
    `${base}/pods/one/log?follow=true&tailLines=5&timestamps=false&previous=1`,
    "kubelet 10.0.0.5 10251 /containerLogs/ns/one/c?follow=true&previous=true&tailLines=5",
  ],
  [`${base}/pods/two/log?container=i`, "kubelet 10.0.0.5 10250 /containerLogs/ns/two/i"],
  [`${base}/pods/two/log`, "400 a container name must be specified for pod two, choose one of: [i a b e]"],
  [`${base}/pods/two/log?container=z`, "400 container z is not valid for pod two"],
  [`${base}/pods/one/log?sinceSeconds=0`, "PodLogOptions"],
  [`${base}/pods/one/log?tailLines=-1&limitBytes=0`, "PodLogOptions"],
  [`${base}/pods/one/log?tailLines=x`, '400 strconv.ParseInt: parsing "x": invalid syntax'],
  [`${base}/pods/gone/log`, '404 pods "lost-node" not found'],
  [`${base}/pods/pending/log`, undefined],
  [`${base}/pods/pending/exec?command=ls`, "400 pod pending does not have a host assigned"],
  [`${base}/pods/stray/exec`, "500 Internal error occurred: no preferred addresses found; known addresses: []"],
  [
    `${base}/pods/one/exec?command=sh&command=-c&command=echo+1&stdin=true&stdout=true&stderr=false&tty=true`,
    "kubelet 10.0.0.5 10251 /exec/ns/one/c?command=sh&command=-c&command=echo+1&input=1&output=1&tty=1",
  ],
  [`${base}/pods/two/attach?container=b&stdout=1`, "kubelet 10.0.0.5 10250 /attach/ns/two/b?output=1"],
  [`${base}/pods/two/portforward?ports=80,81`, "kubelet 10.0.0.5 10250 /portForward/ns/two?port=80%2C81"],
  [`${base}/pods/one/proxy`, "none 10.1.0.9 8080 "],
  [`${base}/pods/one/proxy/`, "none 10.1.0.9 8080 /"],
  [`${base}/pods/https:one:9/proxy/a%2Fb/c?x=1`, "unverified 10.1.0.9 9 /a%2Fb/c?x=1"],
  [`${base}/pods/two/proxy/`, "none fd00::9 80 /"],
  [`${base}/pods/host/proxy/`, "400 address not allowed"],
  [`${base}/pods/pending/proxy/`, "400 address not allowed"],
  ...forbidden.map((_, index): [string, string] => [
    `${base}/pods/forbidden-${index}/proxy/`,
    "400 address not allowed",
  ]),
  [`${base}/pods/none:1/proxy/`, '404 pods "none" not found'],
  [`${base}/pods/ftp:one:1/proxy/`, '400 invalid pod request "ftp:one:1"'],
  [`${base}/services/web:http/proxy/x`, "none 10.1.0.9 8080 /x"],
  [`${base}/services/https:web:80/proxy/x`, "unverified 10.1.0.9 8080 /x"],
  [`${base}/services/web/proxy/x`, '503 no endpoints available for service "web"'],
  [`${base}/services/web:81/proxy/x`, '503 no service port 81 found for service "web"'],
  [`${base}/services/empty/proxy/x`, '503 no endpoints available for service "empty"'],
  [`${base}/services/foreign/proxy/x`, '503 no endpoints available for service "foreign"'],
  [`${base}/services/none/proxy/x`, '404 services "none" not found'],
  ["/api/v1/nodes/n1/proxy/stats/summary", "kubelet 10.0.0.5 10251 /stats/summary"],
  ["/api/v1/nodes/n1:10251/proxy/healthz", "kubelet 10.0.0.5 10251 /healthz"],
  ["/api/v1/nodes/http:n1:9100/proxy/metrics", "none 10.0.0.5 9100 /metrics"],
  ["/api/v1/nodes/local/proxy/", "400 address not allowed"],
  ["/api/v1/nodes/named/proxy/x", "kubelet named.example 10250 /x"],
  ["/api/v1/nodes/half/proxy/x", "400 address not allowed"],
  ["/api/v1/nodes/empty/proxy/x", "400 no addresses for hostname"],
  ["/api/v1/nodes/unknown/proxy/x", "400 lookup unknown.example: no such host"],
  ["/api/v1/nodes/none/proxy/", '404 nodes "none" not found'],
];

describe("where a connection leads", () => {
  for (const [path, wanted] of table)
    it(path, async () => {
      const found = await find(path);
      if (wanted === "PodLogOptions") assert.match(found ?? "", /^422 PodLogOptions "one" is invalid: /);
      else assert.equal(found, wanted);
    });
  const tail = "`tailLines` and specific `stream` are mutually exclusive for now";
  const wrong = (what: string): string => `422 PodLogOptions "one" is invalid: ${what}`;
  for (const [query, expected] of [
    ["", "kubelet 10.0.0.5 10251 /containerLogs/ns/one/c?stream=All"],
    ["?stream=Stderr", "kubelet 10.0.0.5 10251 /containerLogs/ns/one/c?stream=Stderr"],
    ["?stream=All&tailLines=1", "kubelet 10.0.0.5 10251 /containerLogs/ns/one/c?stream=All&tailLines=1"],
    ["?stream=Stdout&tailLines=1", wrong(`[]: Forbidden: ${tail}`)],
    ["?stream=x", wrong('stream: Unsupported value: "x": supported values: "All", "Stderr", "Stdout"')],
  ] as const)
    it(`with streams apart: log${query}`, async () =>
      assert.equal(await find(`${base}/pods/one/log${query}`, true), expected));
  it("says all that is wrong with log options", async () => {
    assert.equal(
      await find(`${base}/pods/one/log?tailLines=-1&sinceSeconds=5&sinceTime=2026-01-01T00:00:00Z`),
      '422 PodLogOptions "one" is invalid: [tailLines: Invalid value: -1: must be greater than or equal to 0, []: Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified]',
    );
  });
});
