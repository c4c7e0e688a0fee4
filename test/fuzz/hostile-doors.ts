// Hostile requests through doors of their own: custom resources and their definitions, reviews, lists, collections, queries.
import { gzipSync } from "node:zlib";
import { core, filled, type Hostile, long, map, maps, mostBytes, nested } from "./bodies.ts";

const group = "/apis/wide.example.com/v1/namespaces/default";
const definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

type Schema = Readonly<Record<string, unknown>>;

/** A definition whose plural is `NAMEs`. */
const definition = (name: string, spec: Schema, domain = "wide.example.com"): string =>
  JSON.stringify({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${name}s.${domain}` },
    spec: {
      group: domain,
      scope: "Namespaced",
      names: { plural: `${name}s`, kind: name },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: "object", properties: { spec } } },
          selectableFields: [],
        },
      ],
    },
  });

const text: Schema = { type: "string" };
const number: Schema = { type: "integer" };
const listOf = (items: Schema, rest: Schema = {}): Schema => ({ type: "array", items, ...rest });
const object = (properties: Schema, rest: Schema = {}): Schema => ({ type: "object", properties, ...rest });

/** Schemas of custom resources, each with what fills an object of it: a value of `spec`. */
const kinds: readonly (readonly [name: string, schema: Schema, specs: readonly (() => string)[]])[] = [
  [
    "anything",
    { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    [
      () => `{${filled((i) => `"k${i}":1`)}}`,
      () => `{"a":[${filled(() => "{}")}]}`,
      () => `{"a":${nested("[", "1", "]", 900)}}`,
    ],
  ],
  ["pruned", object({ a: text }), [() => `{${filled((i) => `"k${i}":{}`)}}`]],
  [
    "filled",
    object({ a: listOf(object({ b: text, c: object({}, { default: {} }) }, { default: {} })) }),
    [() => `{"a":[${filled(() => "{}")}]}`],
  ],
  [
    "defaulted",
    object({
      a: listOf(object({ b: { ...listOf(text), default: Array.from({ length: 1000 }, (_, i) => `text ${i}`) } })),
    }),
    [() => `{"a":[${filled(() => "{}")}]}`],
  ],
  [
    "keyed",
    object({
      a: listOf(object({ k: text }, { required: ["k"] }), {
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["k"],
      }),
    }),
    [
      () => `{"a":[${filled((i) => `{"k":"${i}"}`)}]}`,
      () => `{"a":[${filled(() => '{"k":"a"}')}]}`,
      () => `{"a":[${filled(() => "{}")}]}`,
    ],
  ],
  [
    "unique",
    object({ a: listOf(text, { "x-kubernetes-list-type": "set" }) }),
    [() => `{"a":[${filled((i) => `"${i}"`)}]}`, () => `{"a":[${filled(() => '"a"')}]}`],
  ],
  [
    "wholesets",
    object({
      a: listOf(object({ b: number }, { "x-kubernetes-map-type": "atomic" }), { "x-kubernetes-list-type": "set" }),
    }),
    [() => `{"a":[${filled((i) => `{"b":${i}}`)}]}`],
  ],
  [
    "patterned",
    object({ a: listOf({ type: "string", pattern: "^(a+)+$", maxLength: 9 }) }),
    [() => `{"a":[${filled(() => '"aaaaaaaaaaaaaaaaab"')}]}`, () => `{"a":["${long("a")}"]}`],
  ],
  ["slow", object({ a: { type: "string", pattern: "^(([a-z]+)*,?)*$" } }), [() => `{"a":"${long("a")}!"}`]],
  [
    "chosen",
    object({ a: listOf({ type: "string", enum: Array.from({ length: 1000 }, (_, i) => `choice ${i}`) }) }),
    [() => `{"a":[${filled(() => '"x"')}]}`, () => `{"a":[${filled(() => '"choice 999"')}]}`],
  ],
  [
    "any",
    object({ a: listOf({ type: "integer", anyOf: Array.from({ length: 100 }, (_, i) => ({ minimum: 1e6 + i })) }) }),
    [() => `{"a":[${filled(() => "1")}]}`],
  ],
  [
    "formatted",
    object({
      a: listOf({ type: "string", format: "date-time" }),
      b: listOf({ type: "string", format: "ipv6" }),
      c: { type: "string", format: "byte" },
    }),
    [
      () => `{"a":[${filled(() => '"2026-01-01T00:00:00Z"')}]}`,
      () => `{"b":[${filled(() => '"::::::::"')}]}`,
      () => `{"c":"${long("A", mostBytes - 1001)}"}`,
    ],
  ],
  [
    "ruled",
    object({
      a: listOf(
        { type: "string", maxLength: 10 },
        { maxItems: 100_000, "x-kubernetes-validations": [{ rule: "self.all(x, x.size() < 100)" }] },
      ),
    }),
    [() => `{"a":[${filled((i) => `"${i}"`)}]}`],
  ],
  [
    "itemruled",
    object({
      a: listOf(object({ b: number }, { "x-kubernetes-validations": [{ rule: "self.b > 0" }] }), { maxItems: 30_000 }),
    }),
    [
      () => `{"a":[${filled(() => '{"b":1}', ",", 230_000)}]}`,
      () => `{"a":[${filled(() => '{"b":0}', ",", 230_000)}]}`,
    ],
  ],
  [
    "quantified",
    object({
      a: listOf({ "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] } as Schema),
    }),
    [() => `{"a":[${filled(() => "true")}]}`],
  ],
  [
    "embedded",
    object({
      a: listOf({
        type: "object",
        "x-kubernetes-embedded-resource": true,
        "x-kubernetes-preserve-unknown-fields": true,
      }),
    }),
    [
      () => `{"a":[${filled((i) => `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"n${i}"}}`)}]}`,
      () => `{"a":[${filled(() => "{}")}]}`,
    ],
  ],
];

const custom: readonly Hostile[] = kinds.flatMap(([name, , specs]) =>
  specs.map(
    (spec, index): Hostile => ({
      name: `a custom resource: ${name} ${index + 1}`,
      method: "POST",
      path: `${group}/${name}s`,
      body: () =>
        `{"apiVersion":"wide.example.com/v1","kind":"${name}","metadata":{"name":"c${index}"},"spec":${spec()}}`,
      codes: [201, 400, 413, 422, 500],
    }),
  ),
);

const customApplied: readonly Hostile[] = (
  [
    ["anything", 0],
    ["keyed", 0],
    ["unique", 0],
    ["filled", 0],
  ] as const
).map(([name, at]) => ({
  name: `an applied custom resource: ${name}`,
  method: "PATCH",
  path: `${group}/${name}s/applied?fieldManager=a`,
  contentType: "application/apply-patch+yaml",
  body: () =>
    `{"apiVersion":"wide.example.com/v1","kind":"${name}","metadata":{"name":"applied"},"spec":${kinds.find(([each]) => each === name)![2][at]!()}}`,
  codes: [200, 201, 413, 422, 500],
}));

const customPatched: Hostile = {
  name: "a merge patch of a custom resource",
  before: [
    [
      `${group}/anythings`,
      () => '{"apiVersion":"wide.example.com/v1","kind":"anything","metadata":{"name":"patched"}}',
    ],
  ],
  method: "PATCH",
  path: `${group}/anythings/patched`,
  contentType: "application/merge-patch+json",
  body: () => `{"spec":{${filled((i) => `"k${i}":{}`)}}}`,
  codes: [200, 413, 422, 500],
};

const count = (size: number, piece: (index: number) => unknown): unknown[] =>
  Array.from({ length: size }, (_, index) => piece(index));
const members = (size: number, value: unknown): Schema =>
  Object.fromEntries(count(size, (i) => [`p${i}`, value]) as [string, unknown][]);
const ruled = (rules: number, rule: string): Schema => ({
  type: "string",
  maxLength: 5,
  "x-kubernetes-validations": count(rules, () => ({ rule })),
});
let deep: Schema = text;
for (let level = 0; level < 400; level++) deep = object({ a: deep });

const definitionRows: readonly (readonly [name: string, schema: () => Schema])[] = [
  ["alls", () => ({ ...text, allOf: count(40_000, () => ({ maxLength: 1 })) })],
  [
    "nestedall",
    () => ({
      ...text,
      allOf: [
        count(200, () => 0).reduce<Schema>((inner) => ({ allOf: [inner, inner].slice(0, 1), not: { minLength: 1 } }), {
          maxLength: 1,
        }),
      ],
    }),
  ],
  ["enums", () => ({ ...text, enum: count(140_000, (i) => `e${i}`) })],
  ["enumtexts", () => ({ ...text, enum: [long("x", 1_200_000)] })],
  ["properties", () => object(members(60_000, text))],
  ["typeless", () => object(members(60_000, {}))],
  ["requireds", () => object({}, { required: count(100_000, (i) => `r${i}`) })],
  ["manyrules", () => ruled(20_000, "self != ''")],
  ["manyfailing", () => ruled(20_000, "self.x(")],
  [
    "distinctrules",
    () => ({ ...text, maxLength: 5, "x-kubernetes-validations": count(20_000, (i) => ({ rule: `self != '${i}'` })) }),
  ],
  ["rulemembers", () => object(members(5_000, ruled(1, "self != ''")))],
  ["costly", () => listOf(listOf(listOf(ruled(50, "self.matches('a')"))))],
  ["deeps", () => deep],
  [
    "patterns",
    () =>
      object(
        Object.fromEntries(
          count(10_000, (i) => [`p${i}`, { ...text, pattern: `^a{${i % 1000}}$` }]) as [string, unknown][],
        ),
      ),
  ],
  ["defaults", () => ({ type: "object", "x-kubernetes-preserve-unknown-fields": true, default: members(60_000, {}) })],
  [
    "listed",
    () => ({
      ...listOf(object(members(20_000, text), { required: count(20_000, (i) => `p${i}`) })),
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": count(20_000, (i) => `p${i}`),
    }),
  ],
];

const schemas: readonly Hostile[] = definitionRows.map(([name, schema]) => ({
  name: `a definition of ${name}`,
  method: "POST",
  path: definitions,
  body: () => definition(name, schema(), "schemas.example.com"),
  codes: [201, 400, 413, 422, 500],
}));

const versions: Hostile = {
  name: "a definition of many versions",
  method: "POST",
  path: definitions,
  body: () =>
    `{"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"versioneds.many.example.com"},"spec":{"group":"many.example.com","scope":"Namespaced","names":{"plural":"versioneds","kind":"Versioned"},"versions":[${filled((i) => `{"name":"v${i + 1}","served":true,"storage":${i === 0},"schema":{"openAPIV3Schema":{"type":"object"}}}`)}]}}`,
  codes: [201, 400, 413, 422, 500],
};

const columns: Hostile = {
  name: "a definition of many columns",
  method: "POST",
  path: definitions,
  body: () =>
    definition("column", object({}), "columns.example.com").replace(
      '"selectableFields":[]',
      () =>
        `"additionalPrinterColumns":[${filled((i) => `{"name":"c${i}","type":"string","jsonPath":".a[?(@.b=='${i}')]"}`)}]`,
    ),
  codes: [201, 400, 413, 422, 500],
};

const reviews: readonly Hostile[] = [
  [
    "a token of 3 MB",
    "/apis/authentication.k8s.io/v1/tokenreviews",
    () => `{"spec":{"token":"${long("a.", 1_500_000)}"}}`,
  ],
  [
    "audiences of a token",
    "/apis/authentication.k8s.io/v1/tokenreviews",
    () => `{"spec":{"token":"a","audiences":[${filled((i) => `"a${i}"`)}]}}`,
  ],
  [
    "extras of a review",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    () =>
      `{"spec":{"user":"u","extra":{${filled((i) => `"e${i}":["v"]`)}},"resourceAttributes":{"verb":"get","resource":"pods"}}}`,
  ],
  [
    "a user of 3 MB",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    () => `{"spec":{"user":"${long("u")}","resourceAttributes":{"verb":"get","resource":"pods"}}}`,
  ],
  [
    "requirements of a review",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    () =>
      `{"spec":{"user":"u","resourceAttributes":{"verb":"list","resource":"pods","labelSelector":{"requirements":[${filled((i) => `{"key":"k${i}","operator":"In","values":["${i}"]}`)}]}}}}`,
  ],
  [
    "a selector of a review",
    "/apis/authorization.k8s.io/v1/subjectaccessreviews",
    () =>
      `{"spec":{"user":"u","resourceAttributes":{"verb":"list","resource":"pods","labelSelector":{"rawSelector":"${filled((i) => `k${i}`)}"}}}}`,
  ],
  [
    "audiences of an account's token",
    `${core}/serviceaccounts/default/token`,
    () => `{"spec":{"audiences":[${filled((i) => `"a${i}"`)}]}}`,
  ],
  [
    "an eviction",
    `${core}/pods/none/eviction`,
    () => `{"metadata":{"name":"none","labels":{${filled((i) => `"k${i}":""`)}}}}`,
  ],
  [
    "a binding",
    `${core}/pods/none/binding`,
    () =>
      `{"metadata":{"name":"none","annotations":{${filled((i) => `"k${i}":""`)}}},"target":{"kind":"Node","name":"x"}}`,
  ],
].map(([name, path, body]) => ({
  name: name as string,
  method: "POST",
  path: path as string,
  body: body as () => string,
  codes: [200, 201, 400, 404, 413, 422, 500],
}));

const strategic = (name: string, body: () => string): Hostile => ({
  name: `strategic directives: ${name}`,
  method: "PATCH",
  path: `${maps}/directed`,
  contentType: "application/strategic-merge-patch+json",
  body,
  codes: [200, 400, 413, 422, 500],
});

const directives: readonly Hostile[] = [
  {
    ...strategic("retained keys", () => `{"data":{"$retainKeys":[${filled((i) => `"k${i}"`)}]}}`),
    before: [
      [maps, () => map("directed", '"data":{"a":"1"}')],
      // They are served some requests later.
      ...kinds.map(([name, schema]) => [definitions, () => definition(name, schema)] as const),
    ],
  },
  strategic(
    "deleted finalizers",
    () => `{"metadata":{"$deleteFromPrimitiveList/finalizers":[${filled((i) => `"e/${i}"`)}]}}`,
  ),
  strategic("owners", () => `{"metadata":{"ownerReferences":[${filled((i) => `{"$patch":"delete","uid":"${i}"}`)}]}}`),
  strategic(
    "owners in order",
    () => `{"metadata":{"$setElementOrder/ownerReferences":[${filled((i) => `{"uid":"${i}"}`)}]}}`,
  ),
  strategic(
    "owners merged",
    () =>
      `{"metadata":{"ownerReferences":[${filled((i) => `{"apiVersion":"v1","kind":"K","name":"n","uid":"${i}"}`)}]}}`,
  ),
  strategic(
    "replacements of owners",
    () => `{"metadata":{"ownerReferences":[${filled(() => '{"$patch":"replace"}')}]}}`,
  ),
  strategic("unknown directives", () => `{"data":{${filled((i) => `"$patch${i}":"x"`)}}}`),
];

const question = (name: string, query: () => string, rest: Partial<Hostile> = {}): Hostile => ({
  name,
  method: "GET",
  path: maps,
  query,
  codes: [200, 400, 404, 410, 413, 422, 504],
  ...rest,
});
const encoded = (value: string): string => encodeURIComponent(value);
const base64 = (value: string): string => Buffer.from(value).toString("base64url");

const queries: readonly Hostile[] = [
  question(
    "a forged continue",
    () => `limit=1&continue=${base64(`{"v":"meta.k8s.io/v1","rv":${long("9", 200_000)},"start":"a"}`)}`,
  ),
  question(
    "a continue that starts far away",
    () => `limit=1&continue=${base64(`{"v":"meta.k8s.io/v1","rv":1,"start":"${long("a/../", 500_000)}"}`)}`,
  ),
  question("a deep continue", () => `limit=1&continue=${base64(nested('{"v":', "1", "}", 100_000))}`),
  question("a label selector of 1 MB", () => `labelSelector=${encoded(filled((i) => `k${i}!=v`, ",", 1_000_000))}`),
  question(
    "a set selector of 1 MB",
    () => `labelSelector=${encoded(`a notin (${filled((i) => `v${i}`, ",", 1_000_000)})`)}`,
  ),
  question(
    "a field selector of 1 MB",
    () => `fieldSelector=${encoded(filled((i) => `metadata.name!=a${i}`, ",", 1_000_000))}`,
  ),
  question(
    "a collection deleted by a selector of 1 MB",
    () => `labelSelector=${encoded(filled((i) => `k${i}`, ",", 1_000_000))}`,
    { method: "DELETE" },
  ),
  question("very many parameters", () => filled((i) => `p${i}=1`, "&", 1_000_000)),
  question("one parameter again and again", () => filled(() => "labelSelector=a", "&", 1_000_000)),
  question("a revision of digits", () => `resourceVersion=${long("9", 1_000_000)}&resourceVersionMatch=Exact`),
  question("a limit of digits", () => `limit=${long("9", 1_000_000)}`),
  question("commands by the thousand", () => filled((i) => `command=c${i}`, "&", 1_000_000), {
    method: "POST",
    path: `${core}/pods/bound/exec`,
  }),
  question("names of field managers", () => `fieldManager=${long("a", 1_000_000)}`, {
    method: "POST",
    body: () => map("x", ""),
  }),
  question("dry runs by the thousand", () => filled(() => "dryRun=All", "&", 1_000_000), {
    method: "POST",
    body: () => map("x", ""),
    codes: [201, 400, 422],
  }),
  question("per cent signs", () => `labelSelector=${long("%25", 1_000_000)}`),
];

const zipped: Hostile = {
  name: "a body that is zipped",
  method: "POST",
  path: maps,
  headers: () => ({ "content-encoding": "gzip" }),
  body: () => gzipSync(long(" ", 500_000_000)),
  codes: [400],
};

export const doors: readonly Hostile[] = [
  ...directives,
  ...queries,
  zipped,
  ...reviews,
  ...custom,
  ...customApplied,
  customPatched,
  ...schemas,
  versions,
  columns,
];
