// Hostile patches, owners of fields, selectors.
import { deployment, deployments, filled, type Hostile, long, map, maps, mostBytes, nested } from "./bodies.ts";

const list = (count: number, piece: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => piece(index)).join(",");
const operations = (count: number, operation: (index: number) => string): string => `[${list(count, operation)}]`;
const jsonPatch = "application/json-patch+json";

export const patches: readonly Hostile[] = [
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
      `{"metadata":{"$setElementOrder/finalizers":[${list(90_000, (i) => `"e/${99_999 - i}"`)}],"finalizers":[${list(45_000, (i) => `"e/${99_999 - i}"`)}]}}`,
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

export const ownership: readonly Hostile[] = [
  {
    name: "many managers",
    method: "POST",
    path: `${maps}?dryRun=All`,
    body: () => fields(filled((i) => entry(`m${i}`, '{"f:data":{}}'))),
    codes: [201, 422, 500],
  },
  {
    name: "a manager of many fields",
    method: "POST",
    path: `${maps}?dryRun=All`,
    body: () => fields(entry("m", `{"f:data":{${filled((i) => `"f:k${i}":{}`)}}}`)),
    codes: [201, 422, 500],
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
    codes: [201, 422, 500],
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
    codes: [200, 201, 422, 500],
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
    codes: [200, 201, 422, 500],
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

export const questions: readonly Hostile[] = [
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
    codes: [201],
  },
  { name: "a body that is too large", method: "POST", path: maps, body: () => long(" ", mostBytes + 1), codes: [413] },
];
