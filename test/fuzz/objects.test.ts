// Random objects of every built-in kind, through create, get, update, patch and apply. Whatever they are: no answer is a
// server error, what a GET gave changes nothing when it is sent back in any encoding, a configuration applied again changes
// nothing, and neither does a request that is rejected. The seed is printed; T8S_FUZZ_SEED and T8S_FUZZ_ROUNDS ask for another
// one and for more.
import assert from "node:assert/strict";
import process from "node:process";
import { after, before, test } from "node:test";
import { seededRng, VirtualClock } from "../../src/base/index.ts";
import {
  type ApiRequest,
  builtinSchemas,
  deepEqual,
  fromYaml,
  type Identity,
  parseApiVersion,
  type Schema,
  toYaml,
} from "../../src/machinery/index.ts";
import { decodeProtobuf, encodeProtobuf } from "../../src/server/protobuf/index.ts";
import { type TestServer, testServer } from "../../src/server/testing.ts";
import { readCases } from "../corpus/cases.ts";
import { type RandomObjects, randomObjects } from "./random-object.ts";

const seed = Number(process.env["T8S_FUZZ_SEED"] ?? 1);
/** Objects made of each valid one. */
const rounds = Number(process.env["T8S_FUZZ_ROUNDS"] ?? 4);

const admin: Identity = { kind: "user", user: { username: "admin", groups: ["system:masters"] } };
const encoder = new TextEncoder();
const decoder = new TextDecoder();
const json = "application/json";
const yaml = "application/yaml";
const protobuf = "application/vnd.kubernetes.protobuf";

/** Refusals that upstream words as errors of the server. */
const refusedAs500 =
  /failed to create typed (patch|live) object|failed to convert new object \(.*\) to proper version|failed to allocate requested HealthCheck NodePort|duplicate entries for key|does not contain declared merge key/;

interface Sample {
  readonly name: string;
  /** Where objects of the kind are created. */
  readonly path: string;
  readonly body: Body;
  readonly schema: Schema;
}

interface Body {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Record<string, unknown>;
}

/** The recorded objects that a server takes. */
const samples: readonly Sample[] = readCases("kinds").flatMap((each): Sample[] => {
  const step = each.watch === undefined ? each.steps[0] : undefined;
  const code = each.watch === undefined ? each.out[0]?.code : undefined;
  if (!each.id.startsWith("create/") || step?.method !== "POST" || code !== 201) return [];
  const body = step.body as Body;
  const schema = builtinSchemas().ofKind({ ...parseApiVersion(body.apiVersion), kind: body.kind });
  // Registered once and for all, an extension server that is not there would answer for others.
  if (schema === undefined || body.kind === "APIService") return [];
  return [{ name: each.id, path: step.path.split("?")[0]!, body, schema }];
});

const clock = new VirtualClock({ startMs: Date.UTC(2026, 9, 17) });
const server: { plane: TestServer | undefined } = { plane: undefined };

before(async () => {
  server.plane = await settled(testServer({ clock }));
  for (const each of readCases("kinds").slice(0, 1))
    for (const step of each.watch === undefined ? each.steps : [])
      await send("POST", step.path, JSON.stringify(step.body));
});
after(async () => {
  if (server.plane !== undefined) await settled(server.plane.close());
});

/** Waits for work that may need timers: time passes while it does not end by itself. */
async function settled<T>(work: Promise<T>): Promise<T> {
  const state = { done: false };
  const mark = (): void => {
    state.done = true;
  };
  work.then(mark, mark);
  for (let turn = 0; !state.done; turn++) {
    await new Promise((resolve) => (turn < 20 ? setImmediate(resolve) : setTimeout(resolve, 1)));
    if (turn > 200 && !state.done) await clock.advance(10);
  }
  return work;
}

interface Answer {
  readonly code: number;
  readonly bytes: Uint8Array;
  readonly text: string;
}

interface Media {
  readonly contentType?: string;
  readonly accept?: string;
}

async function send(
  method: ApiRequest["method"],
  path: string,
  body?: string | Uint8Array,
  { contentType = json, accept = json }: Media = {},
): Promise<Answer> {
  const [bare = "", query = ""] = path.split("?");
  const response = await settled(
    server.plane!.handle(
      {
        method,
        path: bare,
        query: new URLSearchParams(query),
        headers: { accept, "content-type": contentType },
        ...(body === undefined ? {} : { body: typeof body === "string" ? encoder.encode(body) : body }),
      },
      admin,
    ),
  );
  const bytes = new Uint8Array(Buffer.concat(response.bytes ?? []));
  const answer = { code: response.status, bytes, text: accept === protobuf ? "" : decoder.decode(bytes) };
  const sent = typeof body === "string" ? body : "";
  assert.ok(
    answer.code < 500 || refusedAs500.test(answer.text),
    `${method} ${path} (${contentType}): ${answer.code} ${answer.text}\nsent: ${sent}`,
  );
  return answer;
}

/** A write that is not done leaves the object as it was. */
async function write(method: ApiRequest["method"], path: string, body: string, contentType: string): Promise<boolean> {
  const [bare = ""] = path.split("?");
  const old = await send("GET", bare);
  const answer = await send(method, path, body, { contentType });
  if (answer.code < 300) return true;
  const now = await send("GET", bare);
  assert.equal(now.text, old.text, `${method} ${path} was answered ${answer.code}: ${answer.text}`);
  return false;
}

const encoded = (object: unknown): readonly (readonly [string, string | Uint8Array])[] => [
  [json, JSON.stringify(object)],
  [yaml, toYaml(object)],
  [protobuf, encodeProtobuf(object as object)],
];

/** What is read is what was written, in every encoding, and sending it back changes nothing. */
async function checkStable(path: string): Promise<void> {
  const read = await send("GET", path);
  if (read.code === 404) return;
  const object = JSON.parse(read.text) as Body;
  const asYaml = await send("GET", path, undefined, { accept: yaml });
  assert.ok(deepEqual(fromYaml(asYaml.text)[0], object), `YAML differs: ${asYaml.text}\nfrom ${read.text}`);
  const asProtobuf = await send("GET", path, undefined, { accept: protobuf });
  const decoded = decodeProtobuf(asProtobuf.bytes, object.kind);
  assert.deepEqual(Buffer.from(encodeProtobuf(decoded)), Buffer.from(asProtobuf.bytes), `protobuf of ${read.text}`);
  for (const [contentType, body] of encoded(object)) {
    const put = await send("PUT", path, body, { contentType });
    if (put.code >= 400) continue;
    const now = await send("GET", path);
    assert.equal(now.text, read.text, `PUT of what GET gave, as ${contentType}`);
  }
}

async function checkApplied(path: string, body: Body): Promise<void> {
  const apply = `${path}?fieldManager=fuzz&force=true`;
  const { metadata, ...rest } = body;
  const configuration = JSON.stringify({ ...rest, metadata: { name: metadata["name"] } });
  if (!(await write("PATCH", apply, configuration, "application/apply-patch+yaml"))) return;
  const first = await send("GET", path);
  const again = await send("PATCH", apply, configuration, { contentType: "application/apply-patch+yaml" });
  assert.equal(again.code, 200, `applied again: ${again.text}\nconfiguration: ${configuration}`);
  const second = await send("GET", path);
  assert.equal(second.text, first.text, `applied again: ${configuration}`);
}

/** Patches that make the object another random one. */
async function checkPatched(path: string, body: Body, next: Body): Promise<void> {
  const { metadata: _, ...fields } = next;
  const changes = Object.entries(fields).filter(
    ([name, value]) => !deepEqual(value, (body as unknown as Record<string, unknown>)[name]),
  );
  const operations = changes.map(([name, value]) => ({
    op: "add",
    path: `/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`,
    value,
  }));
  const merge = JSON.stringify(Object.fromEntries(changes));
  await write("PATCH", path, JSON.stringify(operations), "application/json-patch+json");
  await write("PATCH", path, merge, "application/merge-patch+json");
  await write("PATCH", path, merge, "application/strategic-merge-patch+json");
  await checkStable(path);
}

/** Another one for each object: some stay until a controller lets them go. */
const nameOf = (sample: Sample, index: number): string =>
  sample.body.kind === "IPAddress" ? `10.200.1.${index}` : `fuzz-${samples.indexOf(sample)}-${index}`;

async function live(sample: Sample, random: RandomObjects, index: number): Promise<boolean> {
  const name = nameOf(sample, index);
  const named = (body: Body): Body => ({ ...body, metadata: { ...body.metadata, name } });
  const path = `${sample.path}/${name}`;
  const body = named(random.changed(sample.body, sample.schema, index === 0 ? 0 : 1 + (index % 3)));
  const made = await send("POST", sample.path, JSON.stringify(body));
  if (made.code !== 201) {
    assert.equal((await send("GET", path)).code, 404, `a rejected create made an object: ${JSON.stringify(body)}`);
    return false;
  }
  await checkStable(path);
  const next = random.changed(body, sample.schema, 2);
  const current = JSON.parse((await send("GET", path)).text) as Body;
  await write("PUT", path, JSON.stringify(random.changed(current, sample.schema, 1)), json);
  await checkPatched(path, body, next);
  await checkApplied(path, body);
  await checkApplied(path, next);
  await checkStable(path);
  await send("DELETE", `${path}?gracePeriodSeconds=0`);
  return true;
}

for (const sample of samples)
  test(`${sample.name}, seed ${seed}`, async () => {
    const random = randomObjects(builtinSchemas(), seededRng(seed));
    let made = 0;
    for (let index = 0; index < rounds; index++) if (await live(sample, random, index)) made++;
    for (let index = 0; index < rounds; index++) {
      const value = random.value(sample.schema);
      const fields = typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
      await send("POST", `${sample.path}?dryRun=All`, JSON.stringify({ ...fields, metadata: { name: "fuzz" } }));
    }
    assert.ok(made > 0, "the recorded object itself was not made");
  });
