import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { type Answered, type Asked, ask } from "../../request.fixture.ts";
import { type TestServer, testServer } from "../../testing.ts";
import { readAdmissionConfiguration } from "../configuration.ts";

let server: TestServer;
const at = (line: string, asked?: Asked): Promise<Answered> => ask(server, line, asked);

const file = `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodNodeSelector
  path: selectors.yaml
- name: EventRateLimit
  configuration:
    apiVersion: eventratelimit.admission.k8s.io/v1alpha1
    kind: Configuration
    limits: [{type: Namespace, qps: 1, burst: 2}]
- name: ResourceQuota
  configuration:
    apiVersion: apiserver.config.k8s.io/v1
    kind: ResourceQuotaConfiguration
    limitedResources: [{resource: services, matchContains: [loadbalancers]}]
`;
const read = (path: string): string => {
  assert.equal(path, "selectors.yaml");
  return 'podNodeSelectorPluginConfig: {listed: "a=b"}';
};

before(async () => {
  server = await testServer({
    admission: {
      enable: [
        "AlwaysPullImages",
        "DenyServiceExternalIPs",
        "EventRateLimit",
        "ExtendedResourceToleration",
        "LimitPodHardAntiAffinityTopology",
        "NamespaceAutoProvision",
        "PodNodeSelector",
        "PodTolerationRestriction",
      ],
      disable: ["ServiceAccount"],
      configuration: readAdmissionConfiguration({ text: file, read }),
    },
  });
});
after(() => server.close());

const prefix = "scheduler.alpha.kubernetes.io/";
const namespace = async (name: string, annotations: object = {}): Promise<string> => {
  const { code } = await at("POST /api/v1/namespaces", { body: { metadata: { name, annotations } } });
  assert.equal(code, 201);
  return `/api/v1/namespaces/${name}`;
};
const pod = (spec: object = {}): object => ({
  metadata: { name: "p" },
  spec: { containers: [{ name: "a", image: "i", imagePullPolicy: "Never" }], ...spec },
});

test("a namespace is made with its first object, not by a dry run", async () => {
  const dry = await at("POST /api/v1/namespaces/dry/configmaps?dryRun=All", { body: { metadata: { name: "c" } } });
  assert.equal(dry.code, 404);
  const made = await at("POST /api/v1/namespaces/made/configmaps", { body: { metadata: { name: "c" } } });
  assert.equal(made.code, 201);
  assert.equal((await at("GET /api/v1/namespaces/made")).code, 200);
});

test("images are always pulled, extended resources tolerated", async () => {
  const path = await namespace("pull");
  const container = { name: "a", image: "i", resources: { limits: { "x.io/gpu": "1" } } };
  const { body } = await at(`POST ${path}/pods`, { body: pod({ containers: [container] }) });
  const spec = body["spec"]!;
  assert.equal(spec["containers"]?.[0]?.["imagePullPolicy"], "Always");
  const tolerations = spec["tolerations"] as unknown as { key: string }[];
  assert.ok(tolerations.some(({ key }) => key === "x.io/gpu"));
});

const limited: readonly [
  name: string,
  annotations: object,
  line: string,
  body: object,
  code: number,
  message: string,
][] = [
  [
    "zone",
    {},
    "pods",
    pod({
      affinity: {
        podAntiAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: "zone", labelSelector: {} }],
        },
      },
    }),
    403,
    'pods "p" is forbidden: affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey zone but only key kubernetes.io/hostname is allowed',
  ],
  [
    "selector",
    { [`${prefix}node-selector`]: "disk=ssd" },
    "pods",
    pod({ nodeSelector: { disk: "hdd" } }),
    403,
    'pods "p" is forbidden: pod node label selector conflicts with its namespace node label selector',
  ],
  [
    "listed",
    {},
    "pods",
    pod({ nodeSelector: { a: "c" } }),
    403,
    'pods "p" is forbidden: pod node label selector labels conflict with its namespace whitelist',
  ],
  ["malformed", { [`${prefix}node-selector`]: "disk" }, "pods", pod(), 500, "invalid selector: [disk]"],
  [
    "tolerating",
    { [`${prefix}tolerationsWhitelist`]: '[{"key":"k","operator":"Exists"}]' },
    "pods",
    pod({ tolerations: [{ key: "other", operator: "Exists" }] }),
    500,
    "pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist",
  ],
  [
    "broken",
    { [`${prefix}defaultTolerations`]: "nope" },
    "pods",
    pod(),
    500,
    "invalid character 'o' in literal null (expecting 'u')",
  ],
  [
    "external",
    {},
    "services",
    { metadata: { name: "s" }, spec: { ports: [{ port: 1 }], externalIPs: ["192.0.2.7"] } },
    403,
    'services "s" is forbidden: Use of external IPs is denied by admission control',
  ],
  [
    "uncovered",
    {},
    "services",
    { metadata: { name: "s" }, spec: { type: "LoadBalancer", ports: [{ port: 1 }] } },
    403,
    'services "s" is forbidden: insufficient quota to consume: services.loadbalancers',
  ],
];
for (const [name, annotations, line, body, code, message] of limited)
  test(`refused: ${name}`, async () => {
    const path = await namespace(name, annotations);
    const answer = await at(`POST ${path}/${line}`, { body });
    assert.deepEqual([answer.code, answer.body["message"]], [code, message]);
  });

test("more events than the limit are refused, by namespace", async () => {
  const [first, second] = [await namespace("events-1"), await namespace("events-2")];
  const post = (path: string, name: string): Promise<Answered> => {
    const involvedObject = { kind: "Pod", namespace: path.split("/").at(-1), name: "x" };
    return at(`POST ${path}/events`, { body: { metadata: { name }, involvedObject } });
  };
  assert.deepEqual([(await post(first, "a")).code, (await post(first, "b")).code], [201, 201]);
  const refused = await post(first, "c");
  assert.deepEqual(
    [refused.code, refused.body["message"]],
    [429, "Too many requests: limit reached on type Namespace for key events-1"],
  );
  assert.equal((await post(second, "a")).code, 201);
});

test("a file that is no configuration is told so", () => {
  const texts: readonly [string, RegExp][] = [
    ["a: b", /Object 'Kind' is missing/],
    ["apiVersion: v1\nkind: Pod", /no kind "Pod" is registered for version "v1"/],
    ["apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugin: []", /unknown field "plugin"/],
    ["- a", /must be one YAML or JSON object/],
  ];
  for (const [text, error] of texts) assert.throws(() => readAdmissionConfiguration({ text, read }), error);
  const legacy = readAdmissionConfiguration({ text: "podNodeSelectorPluginConfig: {a: b=c}", read });
  assert.deepEqual(legacy["PodNodeSelector"], { podNodeSelectorPluginConfig: { a: "b=c" } });
});
