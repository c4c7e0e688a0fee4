// A custom kind as operators have them, some forty fields with defaults, bounds, a pattern and lists with keys, and built-in objects of
// like size that say much the same.

interface Kind {
  readonly name: string;
  readonly path: string;
  readonly make: (name: string) => KindObject;
  /** A merge patch; no two turns' are equal. */
  readonly change: (turn: number) => KindObject;
}

export type KindObject = { readonly [name: string]: unknown };

const group = "bench.example.com";
const namespace = "default";

const text = { type: "string" };
const count = (more: object = {}): object => ({ type: "integer", format: "int32", minimum: 0, ...more });
const quantity = { anyOf: [{ type: "integer" }, { type: "string" }], "x-kubernetes-int-or-string": true };
const mapOf = (values: object): object => ({ type: "object", additionalProperties: values });
const listBy = (keys: readonly string[], properties: object): object => ({
  type: "array",
  maxItems: 100,
  "x-kubernetes-list-type": "map",
  "x-kubernetes-list-map-keys": keys,
  items: { type: "object", required: [keys[0]], properties },
});

const spec = {
  type: "object",
  required: ["image"],
  properties: {
    replicas: count({ maximum: 1000, default: 1 }),
    image: { ...text, minLength: 1, maxLength: 255 },
    version: { ...text, pattern: "^v[0-9]+\\.[0-9]+\\.[0-9]+$" },
    pullPolicy: { ...text, enum: ["Always", "IfNotPresent", "Never"], default: "IfNotPresent" },
    paused: { type: "boolean" },
    minReadySeconds: count(),
    revisionHistoryLimit: count({ default: 10 }),
    selector: { type: "object", properties: { matchLabels: mapOf(text) } },
    strategy: {
      type: "object",
      default: {},
      properties: {
        type: { ...text, enum: ["RollingUpdate", "Recreate"], default: "RollingUpdate" },
        maxSurge: { ...quantity, default: "25%" },
        maxUnavailable: { ...quantity, default: "25%" },
      },
    },
    resources: { type: "object", properties: { requests: mapOf(quantity), limits: mapOf(quantity) } },
    ports: listBy(["containerPort", "protocol"], {
      name: text,
      containerPort: count({ minimum: 1, maximum: 65_535 }),
      protocol: { ...text, default: "TCP" },
    }),
    env: listBy(["name"], { name: text, value: text }),
    args: { type: "array", items: text },
    storage: {
      type: "object",
      properties: { size: quantity, className: text, retain: { type: "boolean", default: false } },
    },
    probe: {
      type: "object",
      properties: {
        path: text,
        port: quantity,
        periodSeconds: count({ default: 10 }),
        timeoutSeconds: count({ default: 1 }),
        failureThreshold: count({ default: 3 }),
      },
    },
  },
};

const status = {
  type: "object",
  properties: {
    observedGeneration: { type: "integer", format: "int64" },
    readyReplicas: count(),
    conditions: listBy(["type"], {
      type: text,
      status: text,
      reason: text,
      message: text,
      lastTransitionTime: { ...text, format: "date-time" },
    }),
  },
};

export const definition = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: `applications.${group}` },
  spec: {
    group,
    scope: "Namespaced",
    names: { plural: "applications", singular: "application", kind: "Application", listKind: "ApplicationList" },
    versions: [
      {
        name: "v1",
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: "object", properties: { spec, status } } },
        subresources: { status: {} },
      },
    ],
  },
};

const labels = { app: "a", tier: "backend", "app.kubernetes.io/part-of": "bench" };
const image = "registry.example.com/team/application:1.2.3";
const args = ["--listen=:8080", "--log-level=info"];
const env = Array.from({ length: 6 }, (_, index) => ({ name: `SETTING_${index}`, value: `value of setting ${index}` }));
const ports = [
  { name: "http", containerPort: 8080 },
  { name: "metrics", containerPort: 9090 },
];
const resources = { requests: { cpu: "100m", memory: "64Mi" }, limits: { cpu: "1", memory: "128Mi" } };
const selector = { matchLabels: labels };
const pathIn = (api: string, resource: string): string => `${api}/namespaces/${namespace}/${resource}`;
const replicas = (turn: number): KindObject => ({ spec: { replicas: 1 + (turn % 900) } });

export const kinds: readonly Kind[] = [
  {
    name: "custom kind",
    path: pathIn(`/apis/${group}/v1`, "applications"),
    make: (name) => ({
      apiVersion: `${group}/v1`,
      kind: "Application",
      metadata: { name, labels },
      spec: {
        ...{ replicas: 3, image, version: "v1.2.3", minReadySeconds: 5, selector, resources, ports, env, args },
        storage: { size: "1Gi", className: "standard" },
        probe: { path: "/healthz", port: 8080 },
      },
    }),
    change: replicas,
  },
  {
    name: "Deployment",
    path: pathIn("/apis/apps/v1", "deployments"),
    make: (name) => {
      const readinessProbe = { httpGet: { path: "/healthz", port: 8080 } };
      const containers = [{ name: "main", image, args, ports, env, resources, readinessProbe }];
      return {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: { name, labels },
        spec: { replicas: 3, minReadySeconds: 5, selector, template: { metadata: { labels }, spec: { containers } } },
      };
    },
    change: replicas,
  },
  {
    name: "ConfigMap",
    path: pathIn("/api/v1", "configmaps"),
    make: (name) => ({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name, labels },
      data: Object.fromEntries(
        Array.from({ length: 12 }, (_, index) => [
          `key-${index}`,
          `${"a setting of some length, as they are; ".repeat(2)}${index}`,
        ]),
      ),
    }),
    change: (turn) => ({ data: { turn: String(turn) } }),
  },
];
