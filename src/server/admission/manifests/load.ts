// Manifests of webhooks and policies: read strictly, defaulted and validated as the API does it, by name.
// Upstream: apiserver's plugin/manifest/loader.go, plugin/{webhook,policy}/manifest/loader, pkg/admission/plugin/*/manifest/loader.

import type { KindDefinition, RuleContext, ServedKind } from "../../../api/index.ts";
import { servedKinds, validateCreate } from "../../../api/serve.ts";
import { sha256Hex } from "../../../base/index.ts";
import {
  asObject,
  builtinSchemas,
  decodeObject,
  decodeValue,
  formatApiVersion,
  formatTime,
  fromYaml,
  isObject,
  type KubeObject,
  quoteGo,
} from "../../../machinery/index.ts";
import type { AdmissionHost, ManifestFile } from "../../contract.ts";
import { aggregate } from "../framework.ts";
import { manifestGate } from "./configuration.ts";

const nameSuffix = ".static.k8s.io";

/** What a plugin takes from its directory. */
export interface ManifestPlan {
  /** In v1; other kinds are refused. */
  readonly kinds: readonly KindDefinition[];
  /** Throws Error for an object that may not be in a file. `path` is the file's. */
  judge(object: KubeObject, path: string): void;
  /** Throws Error for objects that do not go together. */
  judgeAll?(of: ObjectsOfKind): void;
}

/** By name. Frozen objects. */
export type ObjectsOfKind = <T extends KubeObject>(kind: KindDefinition<T>) => readonly T[];

export interface LoadedManifests {
  readonly of: ObjectsOfKind;
  /** `sha256:…` of all bytes; empty when there are none. */
  readonly hash: string;
}

/** Rejects with an Error that names the file and what is wrong with it, in upstream's words. */
export async function loadManifests(
  host: Pick<AdmissionHost, "clock" | "featureEnabled">,
  plan: ManifestPlan,
  files: readonly ManifestFile[],
): Promise<LoadedManifests> {
  const found = new Map<KindDefinition, Map<string, Placed>>(plan.kinds.map((kind) => [kind, new Map()]));
  for (const { path, bytes } of files)
    for (const document of documentsOf(path, bytes)) {
      try {
        for (const decoded of decodeDocument(plan, document)) await take(host, plan, { decoded, path, found });
      } catch (error) {
        throw new Error(`error loading ${path}: ${(error as Error).message}`, { cause: error });
      }
    }
  const sorted = new Map<KindDefinition, readonly KubeObject[]>();
  for (const [kind, placed] of found)
    sorted.set(
      kind,
      [...placed.keys()].sort().map((name) => placed.get(name)!.object),
    );
  const of: ObjectsOfKind = <T extends KubeObject>(kind: KindDefinition<T>) => (sorted.get(kind) ?? []) as readonly T[];
  plan.judgeAll?.(of);
  return { of, hash: hashOf(files) };
}

interface Placed {
  readonly object: KubeObject;
  readonly path: string;
}

interface Decoded {
  readonly kind: KindDefinition;
  readonly draft: KubeObject;
}

const decoder = new TextDecoder();
const encoder = new TextEncoder();

/** As upstream's YAML reader parts them: by lines that begin with three dashes. */
function documentsOf(path: string, bytes: Uint8Array): string[] {
  const documents: string[] = [];
  let lines: string[] = [];
  const end = (): void => {
    const text = lines.join("\n").trim();
    if (text !== "") documents.push(text);
    lines = [];
  };
  for (const line of decoder.decode(bytes).split("\n")) {
    if (!line.startsWith("---")) {
      lines.push(line);
      continue;
    }
    const rest = line.slice(3).trim();
    if (rest !== "" && !rest.startsWith("#"))
      throw new Error(
        `failed to split YAML documents in file ${quoteGo(path)}: invalid Yaml document separator: ${rest}`,
      );
    end();
  }
  end();
  return documents;
}

function decodeDocument(plan: ManifestPlan, text: string): Decoded[] {
  const [value] = fromYaml(text);
  const isList = isObject(value) && value["kind"] === "List";
  if (isList) return decodeItems(plan, value);
  return decodeAny(plan, value, (kind) =>
    decodeObject(encoder.encode(text), { ...strictly(kind), mediaType: "application/yaml" }),
  );
}

/** A list of anything: each item says what it is. */
function decodeItems(plan: ManifestPlan, list: Readonly<Record<string, unknown>>): Decoded[] {
  const items = Array.isArray(list["items"]) ? list["items"] : [];
  return items.flatMap((item) => {
    if (isObject(item) && item["kind"] === "List") return decodeItems(plan, item);
    return decodeAny(plan, item, (kind) => {
      try {
        return decodeValue(item, strictly(kind));
      } catch (error) {
        throw new Error(`failed to decode list item: ${(error as Error).message}`, { cause: error });
      }
    });
  });
}

const strictly = (kind: KindDefinition) =>
  ({
    fieldValidation: "Strict",
    expect: kind,
    bareErrors: true,
    schema: builtinSchemas().ofKind(kind)!,
    schemas: builtinSchemas(),
  }) as const;

type Decode = (kind: KindDefinition) => { readonly object: Record<string, unknown> };

function decodeAny(plan: ManifestPlan, value: unknown, decode: Decode): Decoded[] {
  const named = isObject(value) ? value : {};
  const [kind, apiVersion] = [named["kind"], named["apiVersion"]];
  if (typeof kind !== "string" || kind === "")
    throw new Error(`Object 'Kind' is missing in '${JSON.stringify(value ?? null)}'`);
  if (typeof apiVersion !== "string" || apiVersion === "")
    throw new Error(`Object 'apiVersion' is missing in '${JSON.stringify(value)}'`);
  const own = plan.kinds.find((each) => each.kind === kind && formatApiVersion(each) === apiVersion);
  if (own !== undefined) return [{ kind: own, draft: asObject(decode(own).object) }];
  const ofList = plan.kinds.find((each) => `${each.kind}List` === kind && formatApiVersion(each) === apiVersion);
  if (ofList === undefined) throw unsupported(kind, apiVersion);
  const items = Array.isArray(named["items"]) ? (named["items"] as unknown[]) : [];
  return items.map((item) => ({
    kind: ofList,
    draft: asObject(
      decodeValue(isObject(item) ? { ...item, apiVersion, kind: ofList.kind } : item, strictly(ofList)).object,
    ),
  }));
}

const policyKinds = ["MutatingAdmissionPolicy", "ValidatingAdmissionPolicy"].flatMap((kind) => [
  kind,
  `${kind}Binding`,
]);
const webhookKinds = ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"];

/** Kinds of this group are told by their types, others are not known at all. */
function unsupported(kind: string, apiVersion: string): Error {
  const [group, version = ""] = apiVersion.split("/");
  const single = kind.replace(/List$/, "");
  const isKnown =
    group === "admissionregistration.k8s.io" &&
    ((["v1", "v1beta1"].includes(version) && [...policyKinds, ...webhookKinds].includes(single)) ||
      (version === "v1alpha1" && policyKinds.includes(single)));
  return new Error(
    isKnown
      ? `unsupported resource type *${version}.${kind}`
      : `no kind ${quoteGo(kind)} is registered for version ${quoteGo(apiVersion)}`,
  );
}

interface Taking {
  readonly decoded: Decoded;
  readonly path: string;
  readonly found: ReadonlyMap<KindDefinition, Map<string, Placed>>;
}

async function take(
  host: Pick<AdmissionHost, "clock" | "featureEnabled">,
  plan: ManifestPlan,
  { decoded, path, found }: Taking,
): Promise<void> {
  const { kind, draft } = decoded;
  const served = servedAs(kind);
  await served.rules.ready?.();
  Object.assign(draft, { kind: kind.kind, apiVersion: formatApiVersion(kind) });
  (draft as { metadata?: object }).metadata ??= {};
  served.rules.default?.(draft);
  const faults = validateCreate(served, draft, contextOf(host));
  const { name = "" } = draft.metadata;
  if (faults.length > 0)
    throw new Error(
      `${kind.kind} ${quoteGo(name)}: ${aggregate(faults.map((each) => `${each.field}: ${each.message}`))}`,
    );
  if (name === "") throw new Error(`resource in file ${quoteGo(path)} must have a name`);
  if (!name.endsWith(nameSuffix))
    throw new Error(`${quoteGo(name)} in file ${quoteGo(path)} must have a name ending with ${quoteGo(nameSuffix)}`);
  const placed = found.get(kind)!;
  const before = placed.get(name);
  if (before !== undefined)
    throw new Error(
      `duplicate name ${quoteGo(name)} found in file ${quoteGo(path)} (previously seen in ${quoteGo(before.path)})`,
    );
  plan.judge(draft, path);
  placed.set(name, { object: draft, path });
}

function servedAs(kind: KindDefinition): ServedKind {
  const found = servedKinds.find((each) => each.kind === kind);
  if (found === undefined) throw new Error(`${kind.kind} is not served`);
  return found;
}

/** Names that the API refuses are those that files must have. */
function contextOf({ clock, featureEnabled }: Pick<AdmissionHost, "clock" | "featureEnabled">): RuleContext {
  const nowMs = clock.now();
  return {
    now: formatTime(nowMs),
    nowMs,
    user: { username: "", groups: [] },
    featureEnabled: (gate) => gate !== manifestGate && featureEnabled(gate),
    allowPrivileged: true,
    uuid: () => "",
    dryRun: false,
  };
}

function hashOf(files: readonly ManifestFile[]): string {
  if (files.length === 0) return "";
  const all = new Uint8Array(files.reduce((length, { bytes }) => length + bytes.length + 1, 0));
  let at = 0;
  for (const { bytes } of files) {
    all.set(bytes, at);
    at += bytes.length + 1;
  }
  return `sha256:${sha256Hex(all).toLowerCase()}`;
}
