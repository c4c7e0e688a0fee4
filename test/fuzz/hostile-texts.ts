// Hostile bodies: long texts, and YAML.
import {
  core,
  deployment,
  deployments,
  encoder,
  filled,
  type Hostile,
  long,
  map,
  maps,
  mostBytes,
  pod,
} from "./bodies.ts";

export const texts: readonly Hostile[] = [
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
    codes: [201, 422, 500],
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
    codes: [201, 422, 500],
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
    codes: [201, 422, 500],
  },
  {
    name: "a long image",
    method: "POST",
    path: `${core}/pods`,
    body: () => pod("image", `"containers":[{"name":"c","image":"${long("a")}"}]`),
    codes: [201, 422, 500],
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
    codes: [201, 422, 500],
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
    codes: [201, 400, 422, 500],
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
    codes: [201, 422, 500],
  },
  { name: "white space", method: "POST", path: maps, body: () => `${long(" ")}{}`, codes: [422] },
  { name: "zero bytes", method: "POST", path: maps, body: () => new Uint8Array(mostBytes), codes: [400] },
];

export const yaml: readonly Hostile[] = [
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
    codes: [400, 413],
  },
  {
    name: "YAML aliases of one long text",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => `a: &a ${"x".repeat(100_000)}\nb: [${Array(200_000).fill("*a").join(",")}]`,
    codes: [400, 413, 422],
  },
  {
    name: "YAML keys that occur again",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => filled(() => "k: 1", "\n"),
    codes: [400, 413, 422],
  },
  {
    name: "YAML merge keys",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => `a: &a {${filled((i) => `k${i}: 1`, ", ", 200_000)}}\nb:\n${filled(() => "- {<<: *a}", "\n", 100_000)}`,
    codes: [400, 413, 422],
  },
  {
    name: "YAML anchors",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => `a: [${filled((i) => `&a${i} 1`, ",", 900_000)}]`,
    codes: [400, 413, 422],
  },
  {
    name: "YAML documents",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => filled(() => "a: 1", "\n---\n"),
    codes: [400, 413, 422],
  },
  {
    name: "YAML in quotes without end",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => `a: "${long("\\\n ", 1_000_000)}`,
    codes: [400, 413],
  },
  {
    name: "YAML colons",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => filled(() => "a:", " "),
    codes: [400, 413],
  },
  {
    name: "YAML question marks",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => filled(() => "?", " "),
    codes: [400, 413],
  },
  {
    name: "YAML spaces and tabs",
    method: "POST",
    path: maps,
    contentType: "application/yaml",
    body: () => `a:\n${filled((i) => `${" ".repeat(1 + (i % 2))}\t`, "\n")}`,
    codes: [400, 413, 422],
  },
  {
    name: "a YAML configuration of many keys",
    method: "PATCH",
    path: `${maps}/yaml?fieldManager=a`,
    contentType: "application/apply-patch+yaml",
    body: () =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n${filled((i) => `  k${i}: v`, "\n", 500_000)}`,
    codes: [200, 201, 422, 500],
  },
];
