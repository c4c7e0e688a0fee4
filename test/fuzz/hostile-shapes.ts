// Hostile bodies: deep ones and wide ones.
import { core, filled, type Hostile, long, map, maps, nested, pod, revision, revisions } from "./bodies.ts";

export const depths: readonly Hostile[] = [
  { name: "lists without end", method: "POST", path: maps, body: () => long("["), codes: [400, 413] },
  { name: "objects without end", method: "POST", path: maps, body: () => filled(() => '{"a":', ""), codes: [400, 413] },
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
    codes: [400, 413],
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

export const widths: readonly Hostile[] = [
  {
    name: "a map of many keys",
    method: "POST",
    path: maps,
    body: () => map("wide", `"data":{${filled((i) => `"k${i}":""`)}}`),
    codes: [201, 422, 500],
  },
  {
    name: "keys that are no keys",
    method: "POST",
    path: maps,
    body: () => map("keys", `"data":{${filled((i) => `"!${i}":""`)}}`),
    codes: [413, 422, 500],
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
    codes: [201, 422, 500],
  },
  {
    name: "finalizers",
    method: "POST",
    path: maps,
    body: () => `{"metadata":{"name":"finalizers","finalizers":[${filled((i) => `"e/${i}"`)}]}}`,
    codes: [201, 422, 500],
  },
  {
    name: "owners",
    method: "POST",
    path: maps,
    body: () =>
      `{"metadata":{"name":"owners","ownerReferences":[${filled((i) => `{"apiVersion":"v1","kind":"K","name":"n","uid":"${i}"}`)}]}}`,
    codes: [201, 422, 500],
  },
  {
    name: "owners that are one",
    method: "POST",
    path: maps,
    body: () =>
      `{"metadata":{"name":"same","ownerReferences":[${filled(() => '{"apiVersion":"v1","kind":"K","name":"n","uid":"u"}')}]}}`,
    codes: [201, 422, 500],
  },
  {
    name: "containers",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("containers", `"containers":[${filled((i) => `{"name":"c${i}","image":"i"}`)}]`),
    codes: [201, 422, 500],
  },
  {
    name: "empty containers",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("empty", `"containers":[${filled(() => "{}")}]`),
    codes: [413, 422, 500],
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
    codes: [201, 422, 500],
  },
  {
    name: "ports that are one",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod("oneport", `"containers":[{"name":"c","image":"i","ports":[${filled(() => '{"containerPort":80}')}]}]`),
    codes: [201, 422, 500],
  },
  {
    name: "variables",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("env", `"containers":[{"name":"c","image":"i","env":[${filled((i) => `{"name":"E${i}"}`)}]}]`),
    codes: [201, 422, 500],
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
    codes: [413, 422, 500],
  },
  {
    name: "volumes",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod("volumes", `"containers":[{"name":"c","image":"i"}],"volumes":[${filled((i) => `{"name":"v${i}"}`)}]`),
    codes: [201, 422, 500],
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
    codes: [201, 422, 500],
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
    codes: [201, 422, 500],
  },
  {
    name: "host aliases that are one",
    method: "POST",
    path: `${core}/pods`,
    body: () =>
      pod("aliases", `"containers":[{"name":"c","image":"i"}],"hostAliases":[${filled(() => '{"ip":"1.1.1.1"}')}]`),
    codes: [201, 422, 500],
  },
  {
    name: "service ports",
    method: "POST",
    path: `${core}/services`,
    body: () => `{"metadata":{"name":"ports"},"spec":{"ports":[${filled((i) => `{"name":"p${i}","port":80}`)}]}}`,
    codes: [413, 422, 500],
  },
  {
    name: "endpoints",
    method: "POST",
    path: `${core}/endpoints`,
    body: () =>
      `{"metadata":{"name":"ends"},"subsets":[{"addresses":[${filled((i) => `{"ip":"10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}"}`)}],"ports":[{"port":80}]}]}`,
    codes: [201, 422, 500],
  },
  {
    name: "selector expressions",
    method: "POST",
    path: "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    body: () =>
      `{"metadata":{"name":"np"},"spec":{"podSelector":{"matchExpressions":[${filled((i) => `{"key":"k${i}","operator":"Exists"}`)}]}}}`,
    codes: [201, 422, 500],
  },
  {
    name: "policy rules",
    method: "POST",
    path: "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    body: () =>
      `{"metadata":{"name":"rules"},"rules":[${filled(() => '{"verbs":["get"],"apiGroups":[""],"resources":["pods"]}')}]}`,
    codes: [201, 422, 500],
  },
  {
    name: "ingress rules",
    method: "POST",
    path: "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
    body: () => `{"metadata":{"name":"rules"},"spec":{"rules":[${filled((i) => `{"host":"h${i}.io"}`)}]}}`,
    codes: [201, 422, 500],
  },
];
