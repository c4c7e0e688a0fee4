// Objects whose content is the same in every new cluster: flow schemas, priority levels, RBAC's roles and bindings.
//
// Contract: what `create` stores is what the same create through the registry would have stored (settled.test.ts compares them), but
// default, validation and managed fields are worked out once for each content and process. Identity and times are each object's own.
// Only for new clusters: nothing is there yet that could have a say, neither webhooks and policies nor an object of that name.
import type { KindDefinition } from "../../api/index.ts";
import { uuid } from "../../base/index.ts";
import { deepFreeze, formatTime, type KubeObject } from "../../machinery/index.ts";
import { freshDraft, ownContext, ownOptions } from "../accessors.ts";
import type { ServedResource } from "../catalog.ts";
import type { ServerCore } from "../context.ts";
import { appliedDraft } from "../registry/patch/apply.ts";
import { prepareCreate, prepareUpdate, trackFields } from "../registry/prepare.ts";
import { commitCreate, storedForm } from "../registry/store-object.ts";
import { preparedForm } from "./prepared.ts";

export interface SettledObject {
  /** Whole, without what a server fills in. The same value each time, or it is worked out each time. */
  readonly body: KubeObject;
  /** Field manager of the create; the server's own when not given. */
  readonly manager?: string;
  /** Applied to the status after that, forced. Its conditions get the time of the create. */
  readonly status?: { readonly manager: string; readonly applied: Readonly<Record<string, unknown>> };
}

export interface SettledWriter {
  /** False when another server of the same store was faster. */
  create<T extends KubeObject>(kind: KindDefinition<T>, object: SettledObject): Promise<boolean>;
}

/** What the build prepares. */
const formKey = ({ kind, metadata: { namespace = "", name } }: KubeObject): string => `${kind}/${namespace}/${name}`;

/** Everything that was settled so far in this process, by its key. */
export const settledForms = new Map<string, KubeObject>();

interface Form {
  /** With nobody's identity and times. Frozen. */
  readonly object: KubeObject;
  /** The bytes that are stored, where the identity and where times are in them; absent when what is stored is not the object as it is. */
  readonly stored?: { readonly bytes: Uint8Array; readonly ids: readonly number[]; readonly times: readonly number[] };
}

/** By body. */
const forms = new WeakMap<KubeObject, Form>();

/** As long as any other. */
const nobody = { uid: "00000000-0000-4000-8000-000000000000", time: "1970-01-01T00:00:00Z" } as const;

export function createSettledWriter(core: ServerCore): SettledWriter {
  return {
    async create(kind, object) {
      const resource = core.catalog.of(kind as unknown as KindDefinition);
      if (resource.hooks !== undefined || resource.custom !== undefined)
        throw new Error(`${resource.kind.resource}: a create of it does more than store it`);
      let form = forms.get(object.body);
      if (form === undefined) {
        const settled = preparedForm(formKey(object.body)) ?? settle(core, resource, object);
        settledForms.set(formKey(object.body), settled);
        form = formOf(resource, settled);
        forms.set(object.body, form);
      }
      const own = { uid: uuid(core.rng), time: formatTime(core.clock.now()) };
      const stored = form.stored && storedWithOwn(form.stored, own);
      const request = { resource, object: withOwn(form.object, own), dryRun: false, ...(stored ? { stored } : {}) };
      return (await commitCreate(core, request)) !== undefined;
    },
  };
}

/** The steps of registry/create.ts, and of an apply after it, without admission and without a store. */
function settle(core: ServerCore, resource: ServedResource, { body, manager, status }: SettledObject): KubeObject {
  const { namespace = "", name } = body.metadata;
  const at = { kind: resource.kind, namespace, name };
  const context = ownContext(core, "create", { ...at, name: "" });
  const draft = freshDraft(resource, body);
  resource.rules.default?.(draft);
  trackFields(context, resource, {
    draft,
    old: undefined,
    manager: manager ?? ownOptions.fieldManager,
    subresource: "",
  });
  draft.metadata.uid = nobody.uid;
  draft.metadata.creationTimestamp = formatTime(context.nowMs);
  prepareCreate(context, resource, { draft, dryRun: false });
  if (status === undefined) return draft;
  draft.metadata.resourceVersion = "1"; // what an update must have; the store gives the object its own
  const patch = ownContext(core, "patch", { ...at, subresource: "status" });
  const configuration = { ...status.applied, apiVersion: body.apiVersion, kind: body.kind, metadata: { name } };
  const changed = appliedDraft(patch, resource, {
    configuration: { read: () => configuration, checkKeys: () => {} },
    old: draft,
    options: { ...ownOptions, fieldManager: status.manager, force: true },
  });
  prepareUpdate(patch, resource, { draft: changed, old: draft, subresource: "status", dryRun: false });
  delete (changed.metadata as { resourceVersion?: string }).resourceVersion;
  return changed;
}

type WithConditions = KubeObject & { readonly status?: { readonly conditions?: readonly object[] } };

function withOwn(form: WithConditions, { uid, time }: { uid: string; time: string }): KubeObject {
  const { metadata, status } = form;
  const managedFields = metadata.managedFields?.map((entry) => ({ ...entry, time }));
  const conditions = status?.conditions?.map((condition) => ({ ...condition, lastTransitionTime: time }));
  return {
    ...form,
    metadata: { ...metadata, uid, creationTimestamp: time, ...(managedFields ? { managedFields } : {}) },
    ...(conditions ? { status: { ...status, conditions } } : {}),
  } as KubeObject;
}

function formOf(resource: ServedResource, settled: KubeObject): Form {
  const object = deepFreeze(withOwn(settled, nobody));
  const storable = storedForm(resource, object);
  if (storable.object !== object) return { object };
  const { stored } = storable;
  return { object, stored: { bytes: stored, ids: placesOf(stored, nobody.uid), times: placesOf(stored, nobody.time) } };
}

/** Where a text of ASCII is in bytes of JSON. */
function placesOf(bytes: Uint8Array, text: string): readonly number[] {
  const wanted = new TextEncoder().encode(text);
  const places: number[] = [];
  for (let at = bytes.indexOf(wanted[0]!); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1))
    if (wanted.every((byte, index) => bytes[at + index] === byte)) places.push(at);
  return places;
}

function storedWithOwn(
  { bytes, ids, times }: NonNullable<Form["stored"]>,
  { uid, time }: { uid: string; time: string },
): Uint8Array {
  const own = bytes.slice();
  for (const at of ids) write(own, at, uid);
  for (const at of times) write(own, at, time);
  return own;
}

function write(bytes: Uint8Array, at: number, text: string): void {
  for (let index = 0; index < text.length; index++) bytes[at + index] = text.charCodeAt(index);
}
