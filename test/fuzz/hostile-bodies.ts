// Bodies that cost their sender nothing: each is made on demand, none is larger than a request may be.

/** Upstream: MaxRequestBodyBytes. */
export const mostBytes = 3 * 1024 * 1024;

export interface Hostile {
  readonly name: string;
  /** Objects that have to be there, path and body, posted one after another. */
  readonly before?: readonly (readonly [path: string, body: () => string])[];
  readonly method: "POST" | "PUT" | "PATCH" | "GET" | "DELETE";
  readonly path: string;
  readonly query?: () => string;
  readonly contentType?: string;
  readonly body?: () => string | Uint8Array;
  /** Status codes of the answer, any of which is right. */
  readonly codes: readonly number[];
}

const core = "/api/v1/namespaces/default";
const maps = `${core}/configmaps`;
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const revisions = "/apis/apps/v1/namespaces/default/controllerrevisions";

const map = (name: string, rest: string): string =>
  `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"${name}"}${rest === "" ? "" : `,${rest}`}}`;
const pod = (name: string, spec: string, metadata = ""): string =>
  `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"${name}"${metadata}},"spec":{${spec}}}`;
const deployment = (name: string, spec: string): string =>
  `{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"${name}"},"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{${spec}}}}}`;
const revision = (name: string, data: string): string =>
  `{"apiVersion":"apps/v1","kind":"ControllerRevision","metadata":{"name":"${name}"},"revision":1,"data":${data}}`;

/** As many pieces as fit beside `frame` bytes of frame. */
function filled(piece: (index: number) => string, separator = ",", room = mostBytes - 1000): string {
  const pieces: string[] = [];
  for (let size = 0, index = 0; ; index++) {
    const text = piece(index);
    size += text.length + separator.length;
    if (size > room) return pieces.join(separator);
    pieces.push(text);
  }
}

const nested = (open: string, inner: string, close: string, depth: number): string =>
  open.repeat(depth) + inner + close.repeat(depth);
const long = (character: string, size = mostBytes - 1000): string => character.repeat(size);
const encoder = new TextEncoder();

const depths: readonly Hostile[] = [
  { name: "lists without end", method: "POST", path: maps, body: () => long("["), codes: [400] },
  { name: "objects without end", method: "POST", path: maps, body: () => filled(() => '{"a":', ""), codes: [400] },
  {
    name: "a revision as deep as JSON may be",
    method: "POST",
    path: revisions,
    body: () => revision("deep", nested('{"a":', "1", "}", 9_990)),
    codes: [201, 400],
  },
  {
    name: "a revision deeper than that",
    method: "POST",
    path: revisions,
    body: () => revision("deeper", nested('{"a":', "1", "}", 10_010)),
    codes: [400],
  },
  {
    name: "a merge patch as deep as JSON may be",
    before: [[maps, () => map("merged", "")]],
    method: "PATCH",
    path: `${maps}/merged`,
    contentType: "application/merge-patch+json",
    body: () => nested('{"a":', "1", "}", 9_999),
    codes: [200, 400, 422],
  },
  {
    name: "a strategic patch as deep as JSON may be",
    method: "PATCH",
    path: `${maps}/merged`,
    contentType: "application/strategic-merge-patch+json",
    body: () => nested('{"metadata":', "{}", "}", 9_990),
    codes: [200, 400, 422],
  },
  {
    name: "a JSON patch that adds depth",
    method: "PATCH",
    path: `${maps}/merged`,
    contentType: "application/json-patch+json",
    body: () => `[{"op":"add","path":"/data","value":${nested("[", "1", "]", 9_990)}}]`,
    codes: [400, 422],
  },
  {
    name: "YAML lists without end",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => long("["),
    codes: [400],
  },
  {
    name: "YAML block lists in one line",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => filled(() => "-", " "),
    codes: [400],
  },
  {
    name: "a deep apply configuration",
    method: "PATCH",
    path: `${revisions}/applied?fieldManager=a`,
    contentType: "application/apply-patch+yaml",
    body: () => revision("applied", nested('{"a":', "1", "}", 9_990)),
    codes: [201, 400, 500],
  },
];

const widths: readonly Hostile[] = [
  {
    name: "a map of many keys",
    method: "POST",
    path: maps,
    body: () => map("wide", `"data":{${filled((i) => `"k${i}":""`)}}`),
    codes: [201, 422],
  },
  {
    name: "keys that are no keys",
    method: "POST",
    path: maps,
    body: () => map("keys", `"data":{${filled((i) => `"!${i}":""`)}}`),
    codes: [422],
  },
  {
    name: "one key again and again",
    method: "POST",
    path: maps,
    body: () => map("again", `"data":{${filled(() => '"k":""')}}`),
    codes: [201],
  },
  {
    name: "one key again and again, strictly",
    method: "POST",
    path: `${maps}?fieldValidation=Strict`,
    body: () => map("strict", `"data":{${filled(() => '"k":""')}}`),
    codes: [400],
  },
  {
    name: "unknown fields",
    method: "POST",
    path: maps,
    body: () =>
      map(
        "unknown",
        filled((i) => `"f${i}":1`),
      ),
    codes: [201],
  },
  {
    name: "labels",
    method: "POST",
    path: maps,
    body: () => `{"metadata":{"name":"labels","labels":{${filled((i) => `"l${i}":"v"`)}}}}`,
    codes: [201, 422],
  },
  {
    name: "finalizers",
    method: "POST",
    path: maps,
    body: () => `{"metadata":{"name":"finalizers","finalizers":[${filled((i) => `"e/${i}"`)}]}}`,
    codes: [201, 422],
  },
  {
    name: "owners",
    method: "POST",
    path: maps,
    body: () =>
      `{"metadata":{"name":"owners","ownerReferences":[${filled((i) => `{"apiVersion":"v1","kind":"K","name":"n","uid":"${i}"}`)}]}}`,
    codes: [201, 422],
  },
  {
    name: "owners that are one",
    method: "POST",
    path: maps,
    body: () =>
      `{"metadata":{"name":"same","ownerReferences":[${filled(() => '{"apiVersion":"v1","kind":"K","name":"n","uid":"u"}')}]}}`,
    codes: [201, 422],
  },
  {
    name: "containers",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("containers", `"containers":[${filled((i) => `{"name":"c${i}","image":"i"}`)}]`),
    codes: [201, 413, 422],
  },
  {
    name: "empty containers",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("empty", `"containers":[${filled(() => "{}", ",", 60_000)}]`),
    codes: [422],
  },
  {
    name: "ports",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod(
        "ports",
        `"containers":[{"name":"c","image":"i","ports":[${filled((i) => `{"containerPort":${1 + (i % 65535)}}`)}]}]`,
      ),
    codes: [201, 422],
  },
  {
    name: "ports that are one",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod("oneport", `"containers":[{"name":"c","image":"i","ports":[${filled(() => '{"containerPort":80}')}]}]`),
    codes: [201, 422],
  },
  {
    name: "variables",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("env", `"containers":[{"name":"c","image":"i","env":[${filled((i) => `{"name":"E${i}"}`)}]}]`),
    codes: [201, 422],
  },
  {
    name: "mounts of nothing",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod(
        "mounts",
        `"containers":[{"name":"c","image":"i","volumeMounts":[${filled((i) => `{"name":"v","mountPath":"/${i}"}`)}]}]`,
      ),
    codes: [422],
  },
  {
    name: "volumes",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod("volumes", `"containers":[{"name":"c","image":"i"}],"volumes":[${filled((i) => `{"name":"v${i}"}`)}]`),
    codes: [201, 422],
  },
  {
    name: "files over files",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod(
        "files",
        `"containers":[{"name":"c","image":"i"}],"volumes":[{"name":"v","configMap":{"name":"m","items":[${filled(() => '{"key":"k","path":"p"}')}]}}]`,
      ),
    codes: [201, 422],
  },
  {
    name: "tolerations",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod(
        "tolerations",
        `"containers":[{"name":"c","image":"i"}],"tolerations":[${filled((i) => `{"key":"k${i}","operator":"Exists"}`)}]`,
      ),
    codes: [201, 422],
  },
  {
    name: "host aliases that are one",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod("aliases", `"containers":[{"name":"c","image":"i"}],"hostAliases":[${filled(() => '{"ip":"1.1.1.1"}')}]`),
    codes: [201, 422],
  },
  {
    name: "service ports",
    method: "POST",
    path: `${core}/services`,
    body: () => `{"metadata":{"name":"ports"},"spec":{"ports":[${filled((i) => `{"name":"p${i}","port":80}`)}]}}`,
    codes: [422],
  },
  {
    name: "endpoints",
    method: "POST",
    path: `${core}/endpoints`,
    body: () =>
      `{"metadata":{"name":"ends"},"subsets":[{"addresses":[${filled((i) => `{"ip":"10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}"}`)}],"ports":[{"port":80}]}]}`,
    codes: [201, 422],
  },
  {
    name: "selector expressions",
    method: "POST",
    path: "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    body: () =>
      `{"metadata":{"name":"np"},"spec":{"podSelector":{"matchExpressions":[${filled((i) => `{"key":"k${i}","operator":"Exists"}`)}]}}}`,
    codes: [201, 422],
  },
  {
    name: "policy rules",
    method: "POST",
    path: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    body: () =>
      `{"metadata":{"name":"rules"},"rules":[${filled(() => '{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}')}]}`,
    codes: [201, 422],
  },
  {
    name: "ingress rules",
    method: "POST",
    path: "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
    body: () => `{"metadata":{"name":"rules"},"spec":{"rules":[${filled((i) => `{"host":"h${i}.io"}`)}]}}`,
    codes: [201, 422],
  },
];

const texts: readonly Hostile[] = [
  { name: "a long name", method: "POST", path: maps, body: () => map(long("a"), ""), codes: [422] },
  {
    name: "a long name of dots",
    method: "POST",
    path: maps,
    body: () =>
      map(
        filled(() => "a", "."),
        "",
      ),
    codes: [422],
  },
  { name: "a long name of dashes", method: "POST", path: maps, body: () => map(`a${long("-")}`, ""), codes: [422] },
  {
    name: "a long generateName",
    method: "POST",
    path: maps,
    body: () => `{"metadata":{"generateName":"${long("a")}"}}`,
    codes: [201, 422],
  },
  {
    name: "a long label",
    method: "POST",
    path: maps,
    body: () => `{"metadata":{"name":"l","labels":{"${filled(() => "a", "/")}":"${"a".repeat(9)}"}}}`,
    codes: [422],
  },
  {
    name: "a long label value",
    method: "POST",
    path: maps,
    body: () => `{"metadata":{"name":"l","labels":{"a":"${filled(() => "a.", "-")}"}}}`,
    codes: [422],
  },
  {
    name: "a long number",
    method: "POST",
    path: deployments,
    body: () => deployment("n", '"containers":[]').replace('"spec":{', `"spec":{"replicas":${long("9")},`),
    codes: [400],
  },
  {
    name: "a long fraction",
    method: "POST",
    path: deployments,
    body: () => deployment("n", '"containers":[]').replace('"spec":{', `"spec":{"replicas":0.${long("9")},`),
    codes: [400],
  },
  {
    name: "a long exponent",
    method: "POST",
    path: deployments,
    body: () => deployment("n", '"containers":[]').replace('"spec":{', `"spec":{"replicas":1e${long("9", 2_000_000)},`),
    codes: [400],
  },
  {
    name: "a long quantity",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("q", `"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"${long("9")}"}}}]`),
    codes: [201, 400, 422],
  },
  {
    name: "a long quantity of zeros",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("z", `"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1${long("0")}m"}}}]`),
    codes: [201, 400, 422],
  },
  {
    name: "a quantity beyond all bounds",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("e", '"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1e999999999"}}}]'),
    codes: [201, 400, 422],
  },
  {
    name: "a quantity below all bounds",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("m", '"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1e-999999999"}}}]'),
    codes: [201, 400, 422],
  },
  {
    name: "many quantities",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod(
        "qs",
        `"containers":[{"name":"c","image":"i","resources":{"limits":{${filled((i) => `"e.io/r${i}":"${i}"`)}}}}]`,
      ),
    codes: [201, 422],
  },
  {
    name: "a long time",
    method: "POST",
    path: `${core}/events`,
    body: () =>
      `{"metadata":{"name":"e"},"involvedObject":{"namespace":"default"},"eventTime":"2026-01-01T00:00:00.${long("9")}Z"}`,
    codes: [201, 400, 422],
  },
  {
    name: "a long address",
    method: "POST",
    path: `${core}/services`,
    body: () => `{"metadata":{"name":"ip"},"spec":{"ports":[{"port":80}],"externalIPs":["${filled(() => "1", ".")}"]}}`,
    codes: [422],
  },
  {
    name: "a long address of colons",
    method: "POST",
    path: `${core}/services`,
    body: () => `{"metadata":{"name":"ip"},"spec":{"ports":[{"port":80}],"externalIPs":["${long(":")}"]}}`,
    codes: [422],
  },
  {
    name: "a long schedule",
    method: "POST",
    path: "/apis/batch/v1/namespaces/default/cronjobs",
    body: () =>
      `{"metadata":{"name":"cj"},"spec":{"schedule":"${filled(() => "1-2/3")} * * * *","jobTemplate":{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}}}`,
    codes: [201, 422],
  },
  {
    name: "a long image",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("image", `"containers":[{"name":"c","image":"${long("a")}"}]`),
    codes: [201, 422],
  },
  {
    name: "a long path",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod(
        "path",
        `"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"v","mountPath":"${long("/..", 1_000_000)}"}]}],"volumes":[{"name":"v"}]`,
      ),
    codes: [201, 422],
  },
  {
    name: "a long percentage",
    method: "POST",
    path: deployments,
    body: () =>
      deployment("p", '"containers":[{"name":"c","image":"i"}]').replace(
        '"spec":{',
        `"spec":{"strategy":{"rollingUpdate":{"maxSurge":"${long("9")}%"}},`,
      ),
    codes: [201, 422, 400],
  },
  {
    name: "long base64",
    method: "POST",
    path: `${core}/secrets`,
    body: () => `{"metadata":{"name":"s"},"data":{"k":"${long("A", 2_800_001)}"}}`,
    codes: [400, 422],
  },
  {
    name: "no UTF-8",
    method: "POST",
    path: maps,
    body: () => {
      const bytes = encoder.encode(map("utf", `"data":{"k":"${long("a")}"}`));
      return bytes.fill(0xff, 90, bytes.length - 10);
    },
    codes: [201, 400, 422],
  },
  {
    name: "half surrogates",
    method: "POST",
    path: maps,
    body: () => map("surrogates", `"data":{"k":"${filled(() => "\\ud800", "")}"}`),
    codes: [201, 400, 422],
  },
  {
    name: "escapes",
    method: "POST",
    path: maps,
    body: () => map("escapes", `"data":{"k":"${filled(() => "\\u0000", "")}"}`),
    codes: [201, 422],
  },
  { name: "white space", method: "POST", path: maps, body: () => `${long(" ")}{}`, codes: [422] },
  { name: "zero bytes", method: "POST", path: maps, body: () => new Uint8Array(mostBytes), codes: [400] },
];

const yaml: readonly Hostile[] = [
  {
    name: "YAML aliases of aliases",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => {
      const lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"];
      for (let level = 1; level < 20; level++)
        lines.push(
          `a${level}: &a${level} [${Array(9)
            .fill(`*a${level - 1}`)
            .join(",")}]`,
        );
      return lines.join("\n");
    },
    codes: [400],
  },
  {
    name: "YAML aliases of one long text",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => `a: &a ${"x".repeat(100_000)}\nb: [${Array(200_000).fill("*a").join(",")}]`,
    codes: [400, 422],
  },
  {
    name: "YAML keys that occur again",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => filled(() => "k: 1", "\n"),
    codes: [400, 422],
  },
  {
    name: "YAML merge keys",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => `a: &a {${filled((i) => `k${i}: 1`, ", ", 200_000)}}\nb:\n${filled(() => "- {<<: *a}", "\n", 100_000)}`,
    codes: [400, 422],
  },
  {
    name: "YAML anchors",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => `a: [${filled((i) => `&a${i} 1`)}]`,
    codes: [400, 422],
  },
  {
    name: "YAML documents",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => filled(() => "a: 1", "\n---\n"),
    codes: [400, 422],
  },
  {
    name: "YAML in quotes without end",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => `a: "${long("\\\n ", 1_000_000)}`,
    codes: [400],
  },
  {
    name: "YAML colons",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => filled(() => "a:", " "),
    codes: [400],
  },
  {
    name: "YAML question marks",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => filled(() => "?", " "),
    codes: [400],
  },
  {
    name: "YAML spaces and tabs",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => `a:\n${filled((i) => `${" ".repeat(1 + (i % 2))}\t`, "\n")}`,
    codes: [400, 422],
  },
  {
    name: "a YAML configuration of many keys",
    method: "PATCH",
    path: `${maps}/yaml?fieldManager=a`,
    contentType: "application/apply-patch+yaml",
    body: () =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n${filled((i) => `  k${i}: v`, "\n", 1_000_000)}`,
    codes: [200, 201, 422],
  },
];

const list = (count: number, piece: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => piece(index)).join(",");
const operations = (count: number, operation: (index: number) => string): string => `[${list(count, operation)}]`;
const jsonPatch = "application/json-patch+json";

const patches: readonly Hostile[] = [
  {
    name: "more operations than are allowed",
    before: [[maps, () => map("patched", '"data":{"a":"1"}')]],
    method: "PATCH",
    path: `${maps}/patched`,
    contentType: jsonPatch,
    body: () => operations(10_001, () => '{"op":"test","path":"/data/a","value":"1"}'),
    codes: [413],
  },
  {
    name: "operations as many as there may be",
    method: "PATCH",
    path: `${maps}/patched`,
    contentType: jsonPatch,
    body: () => operations(10_000, () => '{"op":"test","path":"/data/a","value":"1"}'),
    codes: [200],
  },
  {
    name: "copies of copies",
    method: "PATCH",
    path: `${maps}/patched`,
    contentType: jsonPatch,
    body: () =>
      operations(60, () => '{"op":"copy","from":"","path":"/data/b"},{"op":"copy","from":"/data","path":"/data/c"}'),
    codes: [422],
  },
  {
    name: "copies of copies of a map",
    method: "PATCH",
    path: `${maps}/patched`,
    contentType: jsonPatch,
    body: () => operations(60, (i) => `{"op":"copy","from":"/data","path":"/data/c${i}"}`),
    codes: [422],
  },
  {
    name: "insertions before a long list",
    before: [[maps, () => `{"metadata":{"name":"listed","finalizers":[${list(100_000, (i) => `"e/${i}"`)}]}}`]],
    method: "PATCH",
    path: `${maps}/listed`,
    contentType: jsonPatch,
    body: () => operations(10_000, () => '{"op":"add","path":"/metadata/finalizers/0","value":"e/x"}'),
    codes: [200, 404, 422],
  },
  {
    name: "a long list moved about",
    method: "PATCH",
    path: `${maps}/listed`,
    contentType: jsonPatch,
    body: () =>
      operations(
        10_000,
        (i) =>
          `{"op":"move","from":"/metadata/${i % 2 ? "x" : "finalizers"}","path":"/metadata/${i % 2 ? "finalizers" : "x"}"}`,
      ),
    codes: [200, 404, 422],
  },
  {
    name: "a long list compared",
    method: "PATCH",
    path: `${maps}/listed`,
    contentType: jsonPatch,
    body: () => operations(10_000, () => '{"op":"test","path":"","value":{"metadata":{}}}'),
    codes: [404, 422],
  },
  {
    name: "a long path",
    method: "PATCH",
    path: `${maps}/patched`,
    contentType: jsonPatch,
    body: () => `[{"op":"add","path":"/${filled(() => "a", "/")}","value":1}]`,
    codes: [422],
  },
  {
    name: "unknown members of operations",
    method: "PATCH",
    path: `${maps}/patched`,
    contentType: jsonPatch,
    body: () => `[{"op":"test","path":"/data/a","value":"1",${filled((i) => `"m${i}":1`)}}]`,
    codes: [200],
  },
  {
    name: "a strategic patch of many items",
    before: [
      [
        deployments,
        () =>
          deployment(
            "strategic",
            `"containers":[{"name":"c","image":"i","env":[${list(15_000, (i) => `{"name":"E${i}"}`)}]}]`,
          ),
      ],
    ],
    method: "PATCH",
    path: `${deployments}/strategic`,
    contentType: "application/strategic-merge-patch+json",
    body: () =>
      `{"spec":{"template":{"spec":{"containers":[{"name":"c","env":[${list(15_000, (i) => `{"name":"E${15_000 - i}","value":"v"}`)}]}]}}}}`,
    codes: [200, 404, 422],
  },
  {
    name: "a strategic patch that orders many items",
    method: "PATCH",
    path: `${deployments}/strategic`,
    contentType: "application/strategic-merge-patch+json",
    body: () =>
      `{"spec":{"template":{"spec":{"containers":[{"name":"c","$setElementOrder/env":[${list(15_000, (i) => `{"name":"E${14_999 - i}"}`)}],"env":[{"name":"E7","value":"v"}]}]}}}}`,
    codes: [200, 404, 422],
  },
  {
    name: "a strategic patch that deletes many items",
    method: "PATCH",
    path: `${deployments}/strategic`,
    contentType: "application/strategic-merge-patch+json",
    body: () =>
      `{"spec":{"template":{"spec":{"containers":[{"name":"c","env":[${list(15_000, (i) => `{"$patch":"delete","name":"X${i}"}`)}]}]}}}}`,
    codes: [200, 404, 422],
  },
  {
    name: "a strategic patch that deletes many texts",
    method: "PATCH",
    path: `${maps}/listed`,
    contentType: "application/strategic-merge-patch+json",
    body: () => `{"metadata":{"$deleteFromPrimitiveList/finalizers":[${list(100_000, (i) => `"x/${i}"`)}]}}`,
    codes: [200, 404, 422],
  },
  {
    name: "a strategic patch that merges many texts",
    method: "PATCH",
    path: `${maps}/listed`,
    contentType: "application/strategic-merge-patch+json",
    body: () =>
      `{"metadata":{"$setElementOrder/finalizers":[${list(100_000, (i) => `"e/${99_999 - i}"`)}],"finalizers":[${list(50_000, (i) => `"e/${99_999 - i}"`)}]}}`,
    codes: [200, 400, 404, 422, 500],
  },
  {
    name: "a merge patch of many keys",
    method: "PATCH",
    path: `${maps}/patched`,
    contentType: "application/merge-patch+json",
    body: () => `{"data":{${filled((i) => `"k${i}":null`)}}}`,
    codes: [200],
  },
  {
    name: "unknown fields in a merge patch",
    method: "PATCH",
    path: `${maps}/patched`,
    contentType: "application/merge-patch+json",
    body: () => `{${filled((i) => `"k${i}":1`)}}`,
    codes: [200],
  },
  {
    name: "a patch whose error shows it all",
    method: "PATCH",
    path: `${maps}/patched`,
    contentType: "application/merge-patch+json",
    body: () => `{"data":{${filled((i) => `"k${i}":1`)}}}`,
    codes: [422],
  },
];

const fields = (entries: string): string => `{"metadata":{"name":"managed","managedFields":[${entries}]}}`;
const entry = (manager: string, set: string): string =>
  `{"manager":"${manager}","operation":"Update","apiVersion":"v1","fieldsType":"FieldsV1","fieldsV1":${set}}`;
const applyType = "application/apply-patch+yaml";

const ownership: readonly Hostile[] = [
  {
    name: "many managers",
    method: "POST",
    path: `${maps}?dryRun=All`,
    body: () => fields(filled((i) => entry(`m${i}`, '{"f:data":{}}'))),
    codes: [201, 422],
  },
  {
    name: "a manager of many fields",
    method: "POST",
    path: `${maps}?dryRun=All`,
    body: () => fields(entry("m", `{"f:data":{${filled((i) => `"f:k${i}":{}`)}}}`)),
    codes: [201, 422],
  },
  {
    name: "a manager of deep fields",
    method: "POST",
    path: `${maps}?dryRun=All`,
    body: () => fields(entry("m", nested('{"f:a":', "{}", "}", 9_000))),
    codes: [201, 400, 422],
  },
  {
    name: "a manager of keyed items",
    method: "POST",
    path: `${maps}?dryRun=All`,
    body: () => fields(entry("m", `{"f:data":{${filled((i) => `"k:{\\"a\\":${i}}":{}`)}}}`)),
    codes: [201, 422],
  },
  {
    name: "a manager of one deep value",
    method: "POST",
    path: `${maps}?dryRun=All`,
    body: () => fields(entry("m", `{"v:${nested("[", "1", "]", 9_000)}":{}}`)),
    codes: [201, 400, 422],
  },
  {
    name: "a configuration of many items",
    method: "PATCH",
    path: `${deployments}/applied?fieldManager=a`,
    contentType: applyType,
    body: () =>
      deployment(
        "applied",
        `"containers":[{"name":"c","image":"i","env":[${list(12_000, (i) => `{"name":"E${i}"}`)}]}]`,
      ),
    codes: [200, 201, 422],
  },
  {
    name: "the same configuration turned around",
    method: "PATCH",
    path: `${deployments}/applied?fieldManager=a`,
    contentType: applyType,
    body: () =>
      deployment(
        "applied",
        `"containers":[{"name":"c","image":"i","env":[${list(12_000, (i) => `{"name":"E${11_999 - i}"}`)}]}]`,
      ),
    codes: [200, 201, 422],
  },
  {
    name: "another manager's configuration with a conflict in each item",
    method: "PATCH",
    path: `${deployments}/applied?fieldManager=b`,
    contentType: applyType,
    body: () =>
      deployment(
        "applied",
        `"containers":[{"name":"c","image":"i","env":[${list(12_000, (i) => `{"name":"E${i}","value":"v"}`)}]}]`,
      ),
    codes: [200, 201, 409, 422],
  },
  {
    name: "a configuration that leaves it all out",
    method: "PATCH",
    path: `${deployments}/applied?fieldManager=a&force=true`,
    contentType: applyType,
    body: () => deployment("applied", '"containers":[{"name":"c","image":"i"}]'),
    codes: [200, 201],
  },
  {
    name: "items that are one",
    method: "PATCH",
    path: `${deployments}/twice?fieldManager=a`,
    contentType: applyType,
    body: () => deployment("twice", `"containers":[{"name":"c","image":"i","env":[${filled(() => '{"name":"E"}')}]}]`),
    codes: [500],
  },
  {
    name: "a configuration of wrong types",
    method: "PATCH",
    path: `${maps}/types?fieldManager=a`,
    contentType: applyType,
    body: () => map("types", `"data":{${filled((i) => `"k${i}":1`)}}`),
    codes: [500],
  },
];

const questions: readonly Hostile[] = [
  {
    name: "a long set selector",
    method: "GET",
    path: maps,
    query: () => `labelSelector=${encodeURIComponent(`a in (${filled((i) => `v${i}`, ",", 300_000)})`)}`,
    codes: [200, 400],
  },
  {
    name: "a selector of many requirements",
    method: "GET",
    path: maps,
    query: () => `labelSelector=${encodeURIComponent(filled((i) => `k${i}`, ",", 300_000))}`,
    codes: [200, 400],
  },
  {
    name: "a selector of brackets",
    method: "GET",
    path: maps,
    query: () => `labelSelector=${encodeURIComponent(long("(", 300_000))}`,
    codes: [400],
  },
  {
    name: "a selector of exclamation marks",
    method: "GET",
    path: maps,
    query: () => `labelSelector=${encodeURIComponent(long("!", 300_000))}`,
    codes: [400],
  },
  {
    name: "a field selector of many terms",
    method: "GET",
    path: maps,
    query: () => `fieldSelector=${encodeURIComponent(filled(() => "metadata.name=a", ",", 300_000))}`,
    codes: [200, 400],
  },
  {
    name: "a field selector of backslashes",
    method: "GET",
    path: maps,
    query: () => `fieldSelector=${encodeURIComponent(`metadata.name=${long("\\", 300_000)}`)}`,
    codes: [200, 400],
  },
  {
    name: "a long continue",
    method: "GET",
    path: maps,
    query: () => `limit=1&continue=${long("A", 300_000)}`,
    codes: [400],
  },
  {
    name: "a long body of a delete",
    method: "DELETE",
    path: `${maps}/patched`,
    body: () => `{"preconditions":{"uid":"${long("a")}"}}`,
    codes: [409, 404],
  },
  {
    name: "a long review",
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    body: () =>
      `{"spec":{"user":"u","groups":[${filled((i) => `"g${i}"`)}],"resourceAttributes":{"verb":"get","resource":"pods"}}}`,
    codes: [201, 501],
  },
  { name: "a body that is too large", method: "POST", path: maps, body: () => long(" ", mostBytes + 1), codes: [413] },
];

export const hostile: readonly Hostile[] = [
  ...depths,
  ...widths,
  ...texts,
  ...yaml,
  ...patches,
  ...ownership,
  ...questions,
];
