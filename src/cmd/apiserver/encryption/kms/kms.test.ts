import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import * as grpc from "@grpc/grpc-js";
import { MetricRegistry, seededRng, silentLogger, systemClock, VirtualClock } from "../../../../base/index.ts";
import { grpcCodec } from "../../../../base/node/index.ts";
import { readEncryptionConfiguration } from "../configuration.ts";
import { combinedCheck, openProviders } from "../providers.ts";
import { decodeEncryptedObject, encodeEncryptedObject, validateEncryptedObject } from "./encrypted-object.ts";
import { kmsV2Provider } from "./envelope.ts";
import { kmsV1Provider } from "./envelope-v1.ts";
import { encryptionMetrics } from "./metrics.ts";
import type { KmsV2Service } from "./protocol.ts";

/** What kube-apiserver 1.36.3 wrote, with a plugin that "encrypts" by base64. */
const fromUpstream = {
  v2: {
    key: "/registry/secrets/default/s1",
    stored:
      "azhzOmVuYzprbXM6djI6bWluZToKjgLLp9ztSnsgnSRc+mhSTO/+2/4Iu0EwcRB++DIv96VQjwPbThZ7aeqNztpCKop4j47enLVYV+eTZ5RymGzLE5MhBC/Qf5LfVlGeHytzBpTD2NpP6SNEIcLTq6/5dJWOLiisifM+mGcJ76joG4gas20fCOOFTY07GfUibeFzaWNMQTZkqzLhkotYQx/4/Xl2lOOqqiCGwBEbt6u5l/CZzdCgJEXK5ghNEwSLgItxhEGbVqualbZ8+xwbtLudF82/X+Yny/SgKHOFMzQgiAewzonXKL9pRftDL0WaRxrzFGbQDn4+gacYD/nACF2jF2E8HWS2pcHQaAFJTV6lKZDi+PK0M8Xq5yVsHahf1eUNqr8SBGtleTEaLEs1OW5SR0l1WnB5YTdXK0E5cVJJQ2I1ajZ4Ums5QndsWEkrSmE1VkljMm89IjIKG2xvY2FsLWtlay5rbXMua3ViZXJuZXRlcy5pbxITZW5jcnlwdGVkLWxvY2FsLWtlaygB",
  },
  v1: {
    key: "/registry/configmaps/default/c1",
    stored:
      "azhzOmVuYzprbXM6djE6b2xkOgAsYnJYbTI3a0U4YnVVcitLU1IvcFE1YjN6dTYwUU1DeWhySy9yMzQ2YXNPaz3yRmFprZ5K5wf2mF6d5e9AOwDTsTDxtiP8U2GbQMS7uS3sn3K3IqJwTIrNwGIaWSobTjJMq2gtsZpARK9+FN07Ow/QIuMAzEH4Em2TJ7InEh0Hf/6vATwEfG7AHZCoRPBuRbSkY/+nuti4jRT2tIISYdzTBWWVB4CXc7nWX+UVFR9MgG3VSZCj8DuPaQwUwvJ5pWyFEns3b4SoTUHzuXO8LkTKDlInQYHCNGXyLjys67NlYaaP/nfMbFVQTiEzAIYcxHMF592wXgMqUBYhNA5/QU+HRxGZthSzghw1iQ==",
  },
};
const encode = (bytes: Uint8Array): Uint8Array => Buffer.from(Buffer.from(bytes).toString("base64"));
const decode = (bytes: Uint8Array): Uint8Array => Buffer.from(Buffer.from(bytes).toString(), "base64");
const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const local = { "local-kek.kms.kubernetes.io": text("encrypted-local-kek") };

interface Plugin extends KmsV2Service {
  keyId: string;
  /** Of the key that encrypts, when it is another than the status says. */
  encryptsAs: string | undefined;
  version: string;
  healthz: string;
  failing: boolean;
  readonly asked: string[];
}

function plugin(): Plugin {
  const failed = "rpc error: code = FailedPrecondition desc = failed precondition - key disabled";
  const made: Plugin = {
    keyId: "key1",
    encryptsAs: undefined,
    version: "v2",
    healthz: "ok",
    failing: false,
    asked: [],
    async status() {
      made.asked.push("status");
      if (made.failing) throw new Error(failed);
      return { version: made.version, healthz: made.healthz, keyId: made.keyId };
    },
    async encrypt(_, plaintext) {
      made.asked.push("encrypt");
      if (made.failing) throw new Error(failed);
      return { ciphertext: encode(plaintext), keyId: made.encryptsAs ?? made.keyId, annotations: local };
    },
    async decrypt(_, { ciphertext }) {
      made.asked.push("decrypt");
      if (made.failing) throw new Error(failed);
      return decode(ciphertext);
    },
    close() {},
  };
  return made;
}

function provider() {
  const clock = new VirtualClock();
  const service = plugin();
  const registry = new MetricRegistry();
  const metrics = encryptionMetrics(registry);
  const made = kmsV2Provider({ name: "mine", service, clock, rng: seededRng(1), metrics });
  return { ...made, ...made.way, service, clock, registry };
}

const value = text('{"kind":"Secret"}');
const at = fromUpstream.v2.key;
const dateless = (message: string): string =>
  message.replace(/uid="[^"]*"/, 'uid=""').replace(/\d{4}-[\dT:-]+Z/g, "TIME");

test("v2: what upstream wrote is read, and only with its key in the store", async () => {
  const { cipher, header, check, service } = provider();
  await check();
  const stored = Buffer.from(fromUpstream.v2.stored, "base64");
  assert.equal(stored.subarray(0, header.length).toString(), "k8s:enc:kms:v2:mine:");
  const body = stored.subarray(header.length);
  const read = await cipher.decrypt(body, at);
  assert.equal(Buffer.from(read).subarray(0, 4).toString("latin1"), "k8s\0");
  assert.match(Buffer.from(read).toString("latin1"), /Secret/);
  assert.throws(() => cipher.decrypt(body, "/registry/secrets/default/s2"), {
    message: "cipher: message authentication failed",
  });
  assert.deepEqual(service.asked, ["status", "encrypt", "decrypt"]);
  assert.deepEqual(Buffer.from(encodeEncryptedObject(decodeEncryptedObject(body))), body);
});

test("v2: a seed is asked for once and used for everything; another key of the plugin makes another", async () => {
  const { cipher, check, service, clock, way } = provider();
  await check();
  const first = (await cipher.encrypt(value, at)) as Uint8Array;
  assert.notDeepEqual(await cipher.encrypt(value, at), first);
  assert.deepEqual(Uint8Array.from(await cipher.decrypt(first, at)), value);
  assert.equal(way.markOf!(first), way.mark!());
  service.keyId = "key2";
  await clock.advance(20_001);
  await check();
  assert.notEqual(way.markOf!(first), way.mark!());
  assert.deepEqual(Uint8Array.from(await cipher.decrypt(first, at)), value);
  assert.equal(decodeEncryptedObject((await cipher.encrypt(value, at)) as Uint8Array).keyId, "key2");
  assert.deepEqual(service.asked, ["status", "encrypt", "status", "encrypt"]);
});

test("v2: many values of one seed ask the plugin once", async () => {
  const writer = provider();
  await writer.check();
  const stored = (await writer.cipher.encrypt(value, at)) as Uint8Array;
  const reader = provider();
  await reader.check();
  reader.service.asked.length = 0;
  const reads = Array.from({ length: 20 }, () => reader.cipher.decrypt(stored, at));
  for (const read of await Promise.all(reads)) assert.deepEqual(Uint8Array.from(read), value);
  assert.deepEqual(reader.service.asked, ["decrypt"]);
  assert.match(reader.registry.render(), /envelope_transformation_cache_misses_total 1\n/);
});

test("v2: without the plugin nothing is read or written; later it writes for three minutes more", async () => {
  const { cipher, check, service, clock } = provider();
  service.failing = true;
  const failed = "rpc error: code = FailedPrecondition desc = failed precondition - key disabled";
  await assert.rejects(check(), {
    message: `failed to perform status section of the healthz check for KMS Provider mine, error: ${failed}`,
  });
  await assert.rejects(check(), { message: failed });
  assert.throws(() => cipher.encrypt(value, at), { message: "got unexpected nil transformer" });
  service.failing = false;
  await clock.advance(3_001);
  await check();
  const stored = (await cipher.encrypt(value, at)) as Uint8Array;
  service.failing = true;
  await clock.advance(180_000);
  await assert.rejects(check());
  await cipher.encrypt(value, at);
  await clock.advance(1_000);
  assert.throws(
    () => cipher.encrypt(value, at),
    (error: Error) =>
      /^encryptedDEKSource with keyID hash "sha256:[0-9a-f]{64}" expired at \S+Z \(current time is \S+Z\)$/.test(
        error.message,
      ),
  );
  assert.deepEqual(Uint8Array.from(await cipher.decrypt(stored, at)), value);
});

const key1Hash = "sha256:8174099687a26621f4e2cdd7cc03b3dacedb3fb962255b1aafd033cabe831530";
const unwell: readonly (readonly [what: Partial<Plugin>, message: string])[] = [
  [{ healthz: "ill" }, "got unexpected healthz status: ill"],
  [{ version: "v3" }, "expected KMSv2 API version v2, got v3"],
  [{ keyId: "" }, 'got invalid KMSv2 KeyID hash "": keyID is empty'],
  [{ healthz: "ill", version: "v3" }, "[got unexpected healthz status: ill, expected KMSv2 API version v2, got v3]"],
  [
    { encryptsAs: "key1", keyId: "key2" },
    `failed to rotate DEK uid="", useSeed=true, errState=got unexpected nil transformer, errGen=<nil>, statusKeyIDHash="sha256:37f8b67c7bc4de6b29e16f2fd0fe8a34d77d4ffbcc1de0bd69b6ca9ea4a5c8ad", encryptKeyIDHash="${key1Hash}", stateKeyIDHash="", expirationTimestamp=TIME`,
  ],
];
for (const [what, message] of unwell)
  test(`v2: a plugin is unwell: ${message.slice(0, 60)}`, async () => {
    const { check, service } = provider();
    Object.assign(service, what);
    const hashless = (given: string): string => given.replace(/statusKeyIDHash="[^"]*"/, "statusKeyIDHash");
    await assert.rejects(check(), (error: Error) => {
      assert.equal(
        hashless(dateless(error.message)),
        `kmsv2 Provider mine is not healthy, error: ${hashless(message)}`,
      );
      return true;
    });
  });

test("v2: what a plugin may not answer", () => {
  const fine = { data: text("x"), keyId: "k", source: text("s"), annotations: local, sourceType: 1 };
  validateEncryptedObject(fine);
  const cases: readonly (readonly [Partial<typeof fine>, string])[] = [
    [{ sourceType: 7 }, "unknown encryptedDEKSourceType: 7"],
    [{ data: new Uint8Array(0) }, "encrypted data is empty"],
    [{ source: new Uint8Array(0) }, "failed to validate encrypted DEK source: encrypted DEK source is empty"],
    [
      { source: new Uint8Array(1025) },
      "failed to validate encrypted DEK source: encrypted DEK source is 1025 bytes, which exceeds the max size of 1024",
    ],
    [{ keyId: "" }, "failed to validate key id: keyID is empty"],
    [{ keyId: "k".repeat(1025) }, "failed to validate key id: keyID is 1025 bytes, which exceeds the max size of 1024"],
    [
      { annotations: { plain: text("v") } as never },
      'failed to validate annotations: annotations: Invalid value: "plain": should be a domain with at least two segments separated by dots',
    ],
    [
      { annotations: { "a.b": new Uint8Array(32 * 1024) } as never },
      "failed to validate annotations: total size of annotations is 32771, which exceeds the max size of 32768",
    ],
  ];
  for (const [what, message] of cases) assert.throws(() => validateEncryptedObject({ ...fine, ...what }), { message });
});

test("v1: what upstream wrote is read; each value has a key of its own", async () => {
  const asked: string[] = [];
  const service = {
    encrypt: async (plain: Uint8Array) => {
      asked.push("encrypt");
      return encode(plain);
    },
    decrypt: async (cipher: Uint8Array) => {
      asked.push("decrypt");
      return decode(cipher);
    },
    close() {},
  };
  const metrics = encryptionMetrics(new MetricRegistry());
  const { way, check } = kmsV1Provider({ name: "old", service, clock: new VirtualClock(), metrics, cacheSize: 1 });
  const stored = Buffer.from(fromUpstream.v1.stored, "base64");
  assert.equal(stored.subarray(0, way.header.length).toString(), way.header);
  const read = await way.cipher.decrypt(stored.subarray(way.header.length), fromUpstream.v1.key);
  assert.match(Buffer.from(read).toString("latin1"), /^k8s\0.*ConfigMap/s);
  const [one, two] = [await way.cipher.encrypt(value, at), await way.cipher.encrypt(value, at)];
  assert.notDeepEqual(one.subarray(0, 46), two.subarray(0, 46));
  assert.deepEqual(Uint8Array.from(await way.cipher.decrypt(two, at)), value);
  assert.deepEqual(asked, ["decrypt", "encrypt", "encrypt"]);
  assert.deepEqual(Uint8Array.from(await way.cipher.decrypt(one, at)), value);
  assert.equal(asked.at(-1), "decrypt");
  await check();
  assert.throws(() => way.cipher.decrypt(Uint8Array.of(1), at), /failed to read uint16 length prefixed data/);
});

test("a plugin behind a socket: its key, its words, and the check of its health", async () => {
  const directory = mkdtempSync(join(tmpdir(), "t8s-kms-"));
  const socket = join(directory, "kms.sock");
  const service = plugin();
  const server = await pluginServer(service, socket);
  const end = new AbortController();
  const configuration = `{kind: EncryptionConfiguration, apiVersion: apiserver.config.k8s.io/v1, resources: [{resources: [secrets],
    providers: [{kms: {apiVersion: v2, name: mine, endpoint: "unix://${socket}"}}]}]}`;
  const registry = new MetricRegistry();
  const providers = await openProviders(readEncryptionConfiguration({ text: configuration, path: "/enc.yaml" }), {
    clock: systemClock,
    rng: seededRng(1),
    log: silentLogger,
    metrics: encryptionMetrics(registry),
    kmsV1: false,
    signal: end.signal,
  });
  try {
    const [way] = providers.rules[0]!.ways;
    if (way === undefined || way === "identity") throw new Error("there is a way to encrypt");
    const stored = await way.cipher.encrypt(value, at);
    assert.deepEqual(Uint8Array.from(await way.cipher.decrypt(stored, at)), value);
    assert.equal(providers.onlyV2, true);
    await combinedCheck(() => providers.checks).check();
    assert.match(
      registry.render(),
      /kms_operations_latency_seconds_count\{provider_name="mine",method_name="\/v2\.KeyManagementService\/Encrypt",grpc_status_code="OK"\} 1\n/,
    );
    service.failing = true;
    const upstream = Buffer.from(fromUpstream.v2.stored, "base64").subarray(way.header.length);
    await assert.rejects(async () => way.cipher.decrypt(upstream, at), {
      message:
        "failed to decrypt DEK, error: rpc error: code = FailedPrecondition desc = failed precondition - key disabled",
    });
  } finally {
    end.abort();
    server.forceShutdown();
    rmSync(directory, { recursive: true });
  }
});

async function pluginServer(service: Plugin, socket: string): Promise<grpc.Server> {
  const messages = {
    Empty: {},
    Status: { version: [1, "string"], healthz: [2, "string"], key_id: [3, "string"] },
    Bytes: { bytes: [1, "bytes"], id: [2, "string"] },
    Encrypted: { ciphertext: [1, "bytes"], key_id: [2, "string"], annotations: [3, "map<string, bytes>"] },
  } as const;
  // The server's side: what a call takes is read, what it answers is written.
  const { methods } = await grpcCodec({
    messages,
    services: { S: { Status: ["Status", "Empty"], Encrypt: ["Encrypted", "Bytes"], Decrypt: ["Bytes", "Bytes"] } },
  });
  const failed = { code: grpc.status.FAILED_PRECONDITION, details: "failed precondition - key disabled" };
  const answers: Record<string, (asked: Record<string, unknown>) => Record<string, unknown>> = {
    Status: () => ({ version: service.version, healthz: service.healthz, key_id: service.keyId }),
    Encrypt: ({ bytes }) => ({ ciphertext: encode(bytes as Uint8Array), key_id: service.keyId, annotations: local }),
    Decrypt: ({ bytes }) => ({ bytes: decode(bytes as Uint8Array) }),
  };
  const server = new grpc.Server();
  const definition: Record<string, grpc.MethodDefinition<Record<string, unknown>, Record<string, unknown>>> = {};
  const implementation: grpc.UntypedServiceImplementation = {};
  for (const [name, answer] of Object.entries(answers)) {
    const { encode, decode } = methods.get(`S/${name}`)!;
    definition[name] = {
      path: `/v2.KeyManagementService/${name}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: (message) => Buffer.from(encode(message)),
      requestDeserialize: decode,
      responseSerialize: (message) => Buffer.from(encode(message)),
      responseDeserialize: decode,
    };
    implementation[name] = ((call, done) =>
      service.failing ? done(failed) : done(null, answer(call.request))) as grpc.handleUnaryCall<
      Record<string, unknown>,
      Record<string, unknown>
    >;
  }
  server.addService(definition, implementation);
  await new Promise<void>((resolve, reject) =>
    server.bindAsync(`unix://${socket}`, grpc.ServerCredentials.createInsecure(), (error) =>
      error ? reject(error) : resolve(),
    ),
  );
  return server;
}
