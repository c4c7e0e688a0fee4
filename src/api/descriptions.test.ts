// Every type and every field that upstream describes is described, in sentences of our own.
import assert from "node:assert/strict";
import { existsSync, globSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import extras from "../../facts/openapi-extras.json" with { type: "json" };
import bundle from "../../facts/schema.json" with { type: "json" };
import { describe, packages } from "./descriptions.ts";

const definitions = bundle.definitions as Readonly<Record<string, { readonly p?: Readonly<Record<string, unknown>> }>>;
const kinds = new Set(Object.values(bundle.kinds as Readonly<Record<string, string>>));
const fieldsOf = (definition: string): string[] => Object.keys(definitions[definition]?.p ?? {});

const names = Object.keys(definitions);
const texts = names.flatMap((name) =>
  Object.entries(describe(name, fieldsOf(name))).map(([field, text]) => ({ name: `${name} ${field}`, text })),
);

test("every type and every field is described, but for those that upstream says nothing about", () => {
  const missing = names.flatMap((name) => {
    const said = describe(name, fieldsOf(name));
    return ["", ...fieldsOf(name)].filter((field) => said[field] === undefined).map((field) => `${name} ${field}`);
  });
  const silent = Object.entries(extras.undescribed).flatMap(([name, fields]) =>
    fields.map((field) => `${name} ${field}`),
  );
  assert.deepEqual(missing.sort(), silent.sort());
});

test("a list speaks of its kind", () => {
  const list = describe("io.k8s.api.apps.v1.NoSuchThingList", ["apiVersion", "items", "kind", "metadata"]);
  assert.match(list["items"]!, /NoSuchThing/);
});

test("only kinds have the common words for apiVersion and kind", () => {
  const common = describe("io.k8s.api.core.v1.Pod", ["apiVersion", "kind"]);
  const wrong = names.filter(
    (name) => !kinds.has(name) && fieldsOf(name).includes("apiVersion") && said(name)["kind"] === common["kind"],
  );
  assert.deepEqual(wrong, []);
});

const said = (name: string): Readonly<Record<string, string>> => describe(name, fieldsOf(name));

test("each description ends with a full stop and is one paragraph", () => {
  const odd = texts.filter(({ text }) => !/^\S.*[.)]$/.test(text) || /\s\s|\n/.test(text) || !/\.\)?$/.test(text));
  assert.deepEqual(odd, []);
});

test("nothing is described that is not there", () => {
  const unused: string[] = [];
  for (const part of new Set(Object.values(packages).flat())) {
    const users = Object.keys(packages).filter((each) => packages[each]!.includes(part));
    for (const [type, fields] of Object.entries(part))
      for (const field of Object.keys(fields)) {
        const there = users.some((user) =>
          field === "" ? `${user}.${type}` in definitions : fieldsOf(`${user}.${type}`).includes(field),
        );
        if (!there) unused.push(`${users[0]}.${type} ${field}`);
      }
  }
  assert.deepEqual(unused, []);
});

// Upstream's sentences are its own; where Go has kept its sources, ours are compared with them.
test("no sentence is upstream's", () => {
  const cache = process.env["GOMODCACHE"] ?? join(process.env["GOPATH"] ?? join(homedir(), "go"), "pkg", "mod");
  const pattern = "k8s.io/{api,api[em]*,kube-aggregator}@*/**/types_swagger_doc_generated.go";
  const theirs = new Set(
    (existsSync(cache) ? globSync(pattern, { cwd: cache }) : []).flatMap((file) =>
      [...readFileSync(join(cache, file), "utf8").matchAll(/^\t"\w*":\s+("(?:[^"\\]|\\.)*"),$/gm)].flatMap(([, text]) =>
        sentences(JSON.parse(text!) as string),
      ),
    ),
  );
  const same = texts.filter(({ text }) => sentences(text).some((each) => theirs.has(each)));
  assert.deepEqual(same, []);
});

/** Of at least six words: shorter ones cannot be said in many ways. */
const sentences = (text: string): string[] =>
  text
    .split(/(?<=[.!?:;])\s+/)
    .map((each) =>
      each
        .toLowerCase()
        .replace(/[^a-z0-9]+/g, " ")
        .trim(),
    )
    .filter((each) => each.split(" ").length >= 6);
