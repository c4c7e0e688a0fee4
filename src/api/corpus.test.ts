// Holds defaults, validation, status rules and columns of each kind against answers recorded from kube-apiserver 1.36.3.
// No server runs: what the registry and admission add to an object is added or ignored here.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import gateTable from "../../facts/feature-gates.json" with { type: "json" };
import {
  builtinSchemas,
  createMergePatch,
  decodeValue,
  deepClone,
  deepEqual,
  type KubeObject,
  StatusError,
} from "../machinery/index.ts";
import type { RuleContext, ServedKind } from "./kind.ts";
import { servedKinds, validateCreate, validateStatusUpdate, validateUpdate } from "./serve.ts";

type Json = Record<string, unknown>;
interface Step {
  readonly method: string;
  readonly path: string;
  readonly contentType?: string;
  readonly accept?: string;
  readonly body?: Json;
}
interface Answer {
  readonly code: number;
  /** `299 - "text", 299 - "text"`. */
  readonly warnings?: string;
  readonly body?: Json;
}
interface Case {
  readonly id: string;
  readonly steps: readonly Step[];
  readonly out: readonly Answer[];
}

/**
 * Differences that are known, by kind; a number only ever goes down. They are what the registry does and the rules alone do not:
 * Service's node ports and addresses, FlowSchema's conditions, certificates' requester, an APIService's availability.
 */
const knownDifferences: Readonly<Record<string, number>> = {
  "v1/Service": 79,
  "apiregistration.k8s.io/v1/APIService": 9,
  "certificates.k8s.io/v1/CertificateSigningRequest": 2,
  "flowcontrol.apiserver.k8s.io/v1/FlowSchema": 7,
  "networking.k8s.io/v1/ServiceCIDR": 2,
};

const uid = "6f8b2a6e-0000-4000-8000-000000000000";
const gates = gateTable as unknown as Readonly<Record<string, readonly [stage: string, on: boolean, locked: boolean]>>;

const context: RuleContext = {
  now: "2026-01-01T00:00:00Z",
  nowMs: Date.parse("2026-01-01T00:00:00Z"),
  user: { username: "admin", uid: "admin", groups: ["system:masters", "system:authenticated"] },
  featureEnabled: (gate) => gates[gate]![1],
  allowPrivileged: false,
  uuid: () => uid,
  dryRun: true,
};

const cases: Case[] = gunzipSync(readFileSync(new URL("../../test/corpus/kinds.jsonl.gz", import.meta.url)))
  .toString()
  .split("\n")
  .map((line) => JSON.parse(line) as Case);

const repeated = (value: Json): string | undefined => {
  const repeat = value["repeat"];
  return Object.keys(value).length === 1 && Array.isArray(repeat) && typeof repeat[1] === "number"
    ? String(repeat[0]).repeat(repeat[1])
    : undefined;
};

/** The body as it was sent. */
function expand(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(expand);
  if (value === null || typeof value !== "object") return value;
  return repeated(value as Json) ?? Object.fromEntries(Object.entries(value).map(([key, each]) => [key, expand(each)]));
}

/** Placeholders become values that rules can read. */
const concrete = (answer: Json): Json =>
  JSON.parse(
    JSON.stringify(answer)
      .replaceAll('"<ip>"', '"10.96.0.9"')
      .replaceAll('"<port>"', "30001")
      .replaceAll('"<time>"', `"${context.now}"`)
      .replaceAll("<uid>", uid)
      .replaceAll("<rand>", "abcde"),
  ) as Json;

const byType = new Map(servedKinds.map((served) => [`${apiVersionOf(served)}/${served.kind.kind}`, served]));
function apiVersionOf({ kind }: ServedKind): string {
  return kind.group === "" ? kind.version : `${kind.group}/${kind.version}`;
}

function decode(body: Json, { kind }: ServedKind): KubeObject {
  const schemas = builtinSchemas();
  const schema = schemas.ofKind(kind);
  assert.ok(schema, `no schema of ${kind.kind}`);
  return decodeValue(body, { schema, schemas, fieldValidation: "Ignore" }).object as unknown as KubeObject;
}

/** What allocators and admission put into a spec before it is validated. */
function admit(draft: KubeObject, old: KubeObject | undefined): void {
  const spec = (draft as { spec?: Json }).spec ?? {};
  const before = (old as { spec?: Json } | undefined)?.spec ?? {};
  if (draft.kind === "Service" && spec["type"] !== "ExternalName") {
    if (!spec["clusterIP"] && !spec["clusterIPs"]) {
      spec["clusterIP"] = before["clusterIP"] ?? "10.96.0.9";
      spec["clusterIPs"] = before["clusterIPs"] ?? ["10.96.0.9"];
    } else spec["clusterIPs"] ??= [spec["clusterIP"]];
    spec["ipFamilies"] ??= before["ipFamilies"] ?? ["IPv4"];
    spec["ipFamilyPolicy"] ??= before["ipFamilyPolicy"] ?? "SingleStack";
    if (spec["type"] === "LoadBalancer" && spec["externalTrafficPolicy"] === "Local")
      spec["healthCheckNodePort"] ??= before["healthCheckNodePort"] ?? 30001;
  }
  if (draft.kind === "Pod" && old !== undefined) {
    for (const name of ["priority", "preemptionPolicy"]) if (before[name] !== undefined) spec[name] ??= before[name];
    const tolerations = ((spec["tolerations"] as { key?: string }[] | undefined) ?? []) as { key?: string }[];
    for (const each of (before["tolerations"] as { key?: string }[] | undefined) ?? [])
      if (/not-ready|unreachable/.test(each.key ?? "") && !tolerations.some(({ key }) => key === each.key))
        tolerations.push(each);
    if (tolerations.length > 0) spec["tolerations"] = tolerations;
  }
}

const systemMetadata = ["uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "namespace"];
const deletionMetadata = ["deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"];
const admittedFields: Readonly<Record<string, readonly string[]>> = {
  Pod: ["priority", "preemptionPolicy", "tolerations"],
  Service: ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "healthCheckNodePort"],
};

/** Admission gives these a finalizer. */
const protectedKinds: ReadonlySet<string> = new Set([
  "PersistentVolume",
  "PersistentVolumeClaim",
  "VolumeAttributesClass",
]);

/** Without what the registry and admission fill in. */
function comparable(object: Json): Json {
  const copy = deepClone(object) as { metadata?: Json; spec?: Json; status?: Json } & Json;
  for (const name of [...systemMetadata, ...deletionMetadata]) delete copy.metadata?.[name];
  if (protectedKinds.has(copy["kind"] as string)) delete copy.metadata?.["finalizers"];
  for (const name of admittedFields[copy["kind"] as string] ?? []) delete copy.spec?.[name];
  if (copy["kind"] === "Service")
    for (const port of (copy.spec?.["ports"] as Json[] | undefined) ?? []) delete port["nodePort"];
  if (copy["kind"] === "Node" && Array.isArray(copy.spec?.["taints"]))
    copy.spec["taints"] = (copy.spec["taints"] as Json[]).filter(({ key }) => key !== "node.kubernetes.io/not-ready");
  delete copy.status?.["lastPhaseTransitionTime"];
  for (const each of (copy.status?.["conditions"] as Json[] | undefined) ?? []) delete each["lastTransitionTime"];
  return copy;
}

const cause = ({ field, reason, message }: { field: string; reason: string; message: string }): string =>
  `${field} ${reason} ${message}`;

interface Outcome {
  readonly object: KubeObject;
  readonly warnings: readonly string[];
  readonly findings: readonly string[];
}

const findingsOf = (found: ReturnType<typeof validateCreate>): string[] =>
  found.map(({ field, type, message }) => cause({ field, reason: type, message })).sort();

async function create(served: ServedKind, body: Json): Promise<Outcome> {
  const { rules, kind } = served;
  const draft = decode(body, served);
  draft.metadata ??= {} as KubeObject["metadata"];
  const { metadata } = draft as unknown as { metadata: Json };
  if (kind.namespaced) metadata["namespace"] = "kinds";
  else delete metadata["namespace"];
  for (const name of ["resourceVersion", "managedFields"]) delete metadata[name];
  metadata["uid"] = uid;
  if (metadata["generateName"] && !metadata["name"]) metadata["name"] = `${metadata["generateName"]}abcde`;
  rules.default?.(draft);
  if (rules.status !== undefined && rules.status.keptOnCreate !== true) {
    delete (draft as { status?: unknown }).status;
    rules.default?.(draft);
  }
  if (rules.generation !== undefined) draft.metadata.generation = 1;
  await rules.examine?.(draft, undefined);
  rules.prepareCreate?.(draft, context);
  admit(draft, undefined);
  const found = findingsOf(validateCreate(served, draft, context));
  return {
    object: draft,
    findings: found,
    warnings: found.length > 0 ? [] : (rules.warnings?.(draft, undefined) ?? []),
  };
}

async function update(
  served: ServedKind,
  body: Json,
  { old, ofStatus }: { old: KubeObject; ofStatus: boolean },
): Promise<Outcome> {
  const { rules, kind } = served;
  const draft = decode(body, served);
  const { metadata } = draft as unknown as { metadata: Json };
  if (kind.namespaced) metadata["namespace"] = "kinds";
  else delete metadata["namespace"];
  for (const name of ["uid", "resourceVersion", "creationTimestamp"] as const) metadata[name] ??= old.metadata[name];
  metadata["generation"] = old.metadata.generation;
  rules.default?.(draft);
  await rules.examine?.(draft, old);
  const [mine, before] = [draft as unknown as Json, old as unknown as Json];
  if (ofStatus) {
    for (const key of Object.keys(mine))
      if (!["status", "metadata", "kind", "apiVersion"].includes(key)) mine[key] = deepClone(before[key]);
    rules.status?.prepareUpdate?.(draft, old, context);
    const found = validateStatusUpdate(served, { object: draft, old }, context);
    return { object: draft, warnings: [], findings: findingsOf(found) };
  }
  admit(draft, old);
  if (rules.status !== undefined) mine["status"] = deepClone(before["status"]);
  rules.prepareUpdate?.(draft, old, context);
  const found = findingsOf(validateUpdate(served, { object: draft, old }, context));
  return { object: draft, findings: found, warnings: found.length > 0 ? [] : (rules.warnings?.(draft, old) ?? []) };
}

/** The texts of the rules: those of decoding and of deprecated API versions come from elsewhere. */
const warningTexts = ({ warnings = "" }: Answer): string[] =>
  [...warnings.matchAll(/299 - ("(?:[^"\\]|\\.)*")/g)]
    .map(([, text]) => JSON.parse(text as string) as string)
    .filter((text) => !/^unknown field |^duplicate field |^v1 Endpoints is deprecated/.test(text));

/** What differs, in one line; undefined when nothing does. */
function difference(outcome: Outcome, answer: Answer): string | undefined {
  const body = answer.body ?? {};
  if (answer.code !== 422) {
    if (outcome.findings.length > 0) return `unexpected: ${outcome.findings.join("; ")}`;
    const [ours, theirs] = [comparable(outcome.object as unknown as Json), comparable(concrete(body))];
    if (!deepEqual(ours, theirs)) return `object: ${JSON.stringify(createMergePatch(theirs, ours))}`;
    const warnings = warningTexts(answer);
    return deepEqual(outcome.warnings, warnings)
      ? undefined
      : `warnings: ours ${outcome.warnings.join("; ")} theirs ${warnings.join("; ")}`;
  }
  const causes =
    (concrete(body)["details"] as { causes?: { field: string; reason: string; message: string }[] }).causes ?? [];
  const theirs = causes.map(cause).sort();
  return deepEqual(outcome.findings, theirs)
    ? undefined
    : `findings: ours ${outcome.findings.join("; ")} theirs ${theirs.join("; ")}`;
}

const merged = (target: unknown, patch: unknown): unknown => {
  if (patch === null || typeof patch !== "object" || Array.isArray(patch)) return patch;
  const result: Json =
    target !== null && typeof target === "object" && !Array.isArray(target) ? { ...(target as Json) } : {};
  for (const [key, value] of Object.entries(patch))
    if (value === null) delete result[key];
    else result[key] = merged(result[key], value);
  return result;
};

for (const { rules } of servedKinds) await rules.ready?.();

const stored = new Map<string, KubeObject>();

/** The outcome of a step that this test can play; undefined for the others. */
async function play(step: Step, served: ServedKind): Promise<Outcome | undefined> {
  const body = expand(step.body) as Json;
  if (step.method === "POST") return create(served, body);
  const path = step.path.split("?", 1)[0] ?? "";
  const old = stored.get(path.replace(/\/status$/, ""));
  if (old === undefined) return undefined;
  const ofStatus = path.endsWith("/status");
  if (step.method === "PUT") return update(served, body, { old, ofStatus });
  if (step.method === "PATCH" && step.contentType === "application/merge-patch+json")
    return update(served, merged(old, body) as Json, { old, ofStatus });
  return undefined;
}

interface Score {
  played: number;
  readonly differences: string[];
}

/** The difference, empty when there is none; undefined for steps that cannot be played. */
async function playOne(step: Step, served: ServedKind, answer: Answer): Promise<string | undefined> {
  try {
    const outcome = await play(step, served);
    return outcome && (difference(outcome, answer) ?? "");
  } catch (error) {
    if (error instanceof StatusError) return `refused: ${error.message}`;
    throw error;
  }
}

/** Plays all cases in order: later ones update what earlier ones created. */
async function playAll(): Promise<Map<string, Score>> {
  const scores = new Map<string, Score>();
  for (const each of cases) {
    const [, phase, kind, apiVersion] =
      /^(create|invalid|update|status)\/(\w+)\.((?:[\w.-]+\/)?v\d\w*)\//.exec(each.id) ?? [];
    const type = `${apiVersion}/${kind}`;
    const served = byType.get(type);
    if (served === undefined) continue;
    const score = scores.get(type) ?? { played: 0, differences: [] };
    scores.set(type, score);
    for (const [index, step] of each.steps.entries()) {
      const answer = each.out[index];
      const ownType = `${step.body?.["apiVersion"]}/${step.body?.["kind"]}`;
      if (answer === undefined || step.body === undefined || ![200, 201, 422].includes(answer.code)) continue;
      if (step.method !== "PATCH" && ownType !== type) continue;
      const text = await playOne(step, served, answer);
      if (text === undefined) continue;
      score.played++;
      if (text !== "") score.differences.push(`${each.id}: ${text}`);
      if (phase === "create" && answer.code === 201 && answer.body !== undefined) {
        const object = concrete(answer.body) as unknown as KubeObject;
        stored.set(`${step.path}/${object.metadata.name}`, object);
      }
    }
  }
  return scores;
}

/** Those that were recorded: upstream serves no alpha and beta versions unless asked; definitions have a corpus of their own. */
const storedKinds = servedKinds.filter(
  ({ kind }) => kind.virtual !== true && /^v\d+$/.test(kind.version) && kind.group !== "apiextensions.k8s.io",
);
const scores = await playAll();

for (const served of storedKinds) {
  const type = `${apiVersionOf(served)}/${served.kind.kind}`;
  test(`${type} is defaulted and validated as upstream does`, () => {
    const score = scores.get(type);
    assert.ok(score !== undefined && score.played >= 30, `only ${score?.played} cases of ${type}`);
    const allowed = knownDifferences[type] ?? 0;
    assert.ok(
      score.differences.length <= allowed,
      `${score.differences.length} of ${score.played} differ, ${allowed} are known:\n${score.differences.slice(0, 5).join("\n")}`,
    );
  });
}

interface Table {
  readonly columnDefinitions: readonly Json[];
  readonly rows: readonly { readonly cells: readonly unknown[]; readonly object: Json }[];
}

const agesAndRandom = (cell: unknown): unknown =>
  typeof cell === "string" && /<(age|ip|port|time|uid)>/.test(cell) ? "" : cell;

test("kinds print the columns and cells that upstream prints", () => {
  let tables = 0;
  for (const { id, out } of cases) {
    const [, kind, apiVersion] = /^create\/(\w+)\.((?:[\w.-]+\/)?v\d\w*)\/[^/]*$/.exec(id) ?? [];
    const served = kind === undefined ? undefined : byType.get(`${apiVersion}/${kind}`);
    const object = out[1]?.body;
    const table = out.find(({ body }) => body?.["kind"] === "Table")?.body as Table | undefined;
    if (served === undefined || object === undefined || table === undefined) continue;
    tables++;
    const announced = served.kind.columns.filter(({ unannounced }) => unannounced !== true);
    const columns = announced.map(({ name, type, format, priority, description }) => ({
      name,
      type,
      format: format ?? "",
      description,
      priority,
    }));
    assert.deepEqual(columns, table.columnDefinitions, id);
    const frozen = concrete(object) as unknown as KubeObject;
    const cells = served.kind.columns.map(({ cell }) => cell(frozen, { now: context.nowMs }));
    for (const [index, theirs] of (table.rows[0]?.cells ?? []).entries())
      if (agesAndRandom(theirs) === theirs) assert.deepEqual(cells[index], theirs, `${id}, ${columns[index]?.name}`);
  }
  assert.ok(tables >= 50, `only ${tables} tables`);
});
