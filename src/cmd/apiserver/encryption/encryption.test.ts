import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { kinds } from "../../../api/index.ts";
import { VirtualClock } from "../../../base/index.ts";
import { storeConformanceCases } from "../../../store/conformance.ts";
import { createMemoryStore, transformedStore } from "../../../store/index.ts";
import { type EncryptedResources, readEncryptionConfiguration } from "./configuration.ts";
import { encryptionAtRest } from "./transformer.ts";

const secretOf = (byte: number, length = 32): string => Buffer.alloc(length, byte).toString("base64");
const provider = (name: string, key: string, byte: number) =>
  `{${name}: {keys: [{name: ${key}, secret: ${secretOf(byte)}}]}}`;
const file = (resources: string, ...providers: string[]): string => `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources: [{resources: ${resources}, providers: [${providers.join(", ")}]}]
`;
const read = (text: string, reload = false) =>
  readEncryptionConfiguration({ text, path: "/enc.yaml", reload }) as readonly EncryptedResources[];
const at = "/registry/secrets/default/a";
const value = new TextEncoder().encode('{"kind":"Secret"}');
/** These ciphers ask nobody. */
const now = (bytes: Uint8Array | Promise<Uint8Array>): Uint8Array => bytes as Uint8Array;
const textOf = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString("latin1");

for (const name of ["aescbc", "aesgcm", "secretbox"])
  describe(`a store encrypted with ${name}`, () => {
    const everything = read(file('["*.*"]', provider(name, "one", 1)));
    for (const { name: rule, run } of storeConformanceCases)
      test(rule, () =>
        run(async (options) => transformedStore(createMemoryStore(options), encryptionAtRest(everything, kinds))),
      );
  });

test("values lie in the engine encrypted, those of other resources as they are", async () => {
  const engine = createMemoryStore({ clock: new VirtualClock() });
  const store = transformedStore(
    engine,
    encryptionAtRest(read(file("[secrets]", provider("aescbc", "one", 1))), kinds),
  );
  await store.commit([
    { type: "put", key: at, value },
    { type: "put", key: "/registry/configmaps/default/a", value },
  ]);
  assert.match(textOf((await engine.get(at))?.value), /^k8s:enc:aescbc:v1:one:/);
  assert.deepEqual((await engine.get("/registry/configmaps/default/a"))?.value, value);
  assert.deepEqual(Uint8Array.from((await store.get(at))!.value), value);
  await store.close();
});

test("a new key writes, the old one still reads, and what it wrote is outdated until it is written again", () => {
  const [one, two] = [provider("aesgcm", "one", 1), provider("secretbox", "two", 2)];
  const old = encryptionAtRest(read(file("[secrets]", one)), kinds);
  const stored = now(old.toStorage(at, value));
  const next = encryptionAtRest(read(file("[secrets]", two, one, "{identity: {}}")), kinds);
  assert.deepEqual(Uint8Array.from(now(next.fromStorage(at, stored))), value);
  next.noted(at, stored);
  assert.equal(next.outdated(at), true);
  next.noted(at, now(next.toStorage(at, value)));
  assert.equal(next.outdated(at), false);
  assert.deepEqual(next.fromStorage(at, value), value);
  assert.equal(next.outdated("/registry/secrets/default/plain"), true);
  assert.equal(next.outdated("/registry/configmaps/default/a"), false);
  next.use(read(file("[secrets]", "{identity: {}}", two)));
  assert.equal(next.outdated(at), true);
});

test("what can not be read says why", () => {
  const stored = encryptionAtRest(read(file("[secrets]", provider("aesgcm", "one", 1))), kinds).toStorage(
    at,
    value,
  ) as Uint8Array;
  const others: readonly [string, string][] = [
    [file("[secrets]", provider("aesgcm", "one", 3)), "cipher: message authentication failed"],
    [file("[secrets]", provider("aesgcm", "two", 1)), "no matching prefix found"],
    [file("[configmaps]", provider("aesgcm", "one", 1)), "identity transformer tried to read encrypted data"],
  ];
  for (const [text, message] of others)
    assert.throws(() => encryptionAtRest(read(text), kinds).fromStorage(at, stored), { message });
  const bound = encryptionAtRest(read(file("[secrets]", provider("aesgcm", "one", 1))), kinds);
  assert.throws(() => bound.fromStorage("/registry/secrets/default/b", stored), /authentication failed/);
});

test("rules: the resource itself, else its group, else everything; custom resources by their group", () => {
  const text = `apiVersion: apiserver.config.k8s.io/v1
kind: EncryptionConfiguration
resources:
- {resources: [pods, deployments.apps], providers: [{identity: {}}]}
- {resources: ["*.apps", flags.example.com], providers: [${provider("aescbc", "apps", 1)}]}
- {resources: ["*.*"], providers: [${provider("aescbc", "all", 2)}]}
`;
  const transformer = encryptionAtRest(read(text), kinds);
  const cases: readonly [string, RegExp][] = [
    ["/registry/pods/default/a", /^\{/],
    ["/registry/deployments/default/a", /^\{/],
    ["/registry/daemonsets/default/a", /:apps:/],
    ["/registry/services/specs/default/a", /:all:/],
    ["/registry/minions/a", /:all:/],
    ["/registry/example.com/flags/default/a", /:apps:/],
    ["/registry/example.com/others/default/a", /:all:/],
  ];
  for (const [key, wanted] of cases) assert.match(textOf(now(transformer.toStorage(key, value))), wanted, key);
});

test("a file that can not be used is refused in upstream's words", () => {
  const one = provider("aescbc", "one", 1);
  const cases: readonly [string, string | RegExp][] = [
    ["", /encryption provider configuration file "\/enc\.yaml" is empty$/],
    ["kind: Pod\napiVersion: v1\n", /no kind "Pod" is registered for version "v1" in scheme/],
    [file("[]", one), /resources\[0\]\.resources: Required value: at least one resources\[0\]\.resources is required/],
    [file("[secrets]"), /resources\[0\]\.providers: Required value: at least one/],
    [
      file("[Secrets]", one),
      /resources\[0\]\.resources\[0\]: Invalid value: "Secrets": resource name should not contain/,
    ],
    [
      file('["*"]', one),
      /use '\*\.' to encrypt all the resources from core API group or \*\.\* to encrypt all resources/,
    ],
    [file('[secrets, "*."]', one), /using overlapping resources such as 'secrets' and '\*\.'/],
    [file("[secrets, secrets]", one), /the same resource cannot be specified multiple times/],
    [file("[secrets]", "{}"), /provider does not contain any of the expected providers: KMS, AESGCM, AESCBC/],
    [
      file("[secrets]", `{secretbox: {keys: [{name: a, secret: ${secretOf(1, 16)}}]}}`),
      /providers\[0\]\.secretbox\.keys\[0\]\.secret: Invalid value: "REDACTED": secret is not of the expected length, got 16, expected one of \[32\]$/,
    ],
    [file("[secrets]", "{aescbc: {keys: [{name: a, secret: '?'}]}}"), /secrets must be base64 encoded/],
  ];
  for (const [text, message] of cases) assert.throws(() => read(text), { message });
});
