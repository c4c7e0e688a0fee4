// Objects whose content is the same in every new cluster: flow schemas, priority levels, RBAC's roles and bindings.
//
// Contract: what `create` stores is what the same create through the registry would have stored (settled.test.ts compares them), but
// default, validation and managed fields are worked out once for each content and process. Identity and times are each object's own.
// Only for new clusters: nothing is there yet that could have a say, neither webhooks and policies nor an object of that name.
import { type KindDefinition, storageKey } from "../../api/index.ts";
import { uuid } from "../../base/index.ts";
import { deepFreeze, formatTime, type KubeObject } from "../../machinery/index.ts";
import type { CommitResult, Store, StoreOperation } from "../../store/index.ts";
import { freshDraft, ownContext, ownOptions } from "../accessors.ts";
import type { ServedResource } from "../catalog.ts";
import type { ServerCore } from "../context.ts";
import { appliedDraft } from "../registry/patch/apply.ts";
import { prepareCreate, prepareUpdate, trackFields } from "../registry/prepare.ts";
import { storedForm } from "../registry/store-object.ts";
import { CachedObject } from "../watchcache/index.ts";
import { preparedForm } from "./prepared.ts";

export interface SettledObject {
  /** Whole, without what a server fills in. The same value each time, or it is worked out each time. */
  readonly body: KubeObject;
  /** What tells its content from others of the same kind and name. */
  readonly variant?: string;
  /** Field manager of the create; the server's own when not given. */
  readonly manager?: string;
  /** Applied to the status after that, forced. Its conditions get the time of the create. */
  readonly status?: { readonly manager: string; readonly applied: Readonly<Record<string, unknown>> };
}

export interface SettledWriter {
  /** Those whose name another server of the same store was faster to take are left as they are. */
  create<T extends KubeObject>(kind: KindDefinition<T>, objects: readonly SettledObject[]): Promise<void>;
}

/** What the build prepares. */
const formKey = ({ body: { kind, metadata }, variant = "" }: SettledObject): string =>
  `${kind}/${metadata.namespace ?? ""}/${metadata.name} ${variant}`;

/** Everything that was settled so far in this process, by its key. */
export const settledForms = new Map<string, KubeObject>();

interface Form {
  /** With nobody's identity and times. Frozen. */
  readonly object: KubeObject;
  /** Stored bytes of it, and where the identity and where times are in them. */
  readonly stored: { readonly bytes: Uint8Array; readonly ids: readonly number[]; readonly times: readonly number[] };
  /** What is stored is not the object as it is. */
  readonly isConverted: boolean;
}

/** By body. */
const forms = new WeakMap<KubeObject, Form>();

/** As long as any other. */
const nobody = { uid: "00000000-0000-4000-8000-000000000000", time: "1970-01-01T00:00:00Z" } as const;

interface Own {
  readonly uid: string;
  readonly time: string;
}

export function createSettledWriter(core: ServerCore): SettledWriter {
  const formFor = (resource: ServedResource, object: SettledObject): Form => {
    const known = forms.get(object.body);
    if (known !== undefined) return known;
    const key = formKey(object);
    const settled = preparedForm(key) ?? settle(core, resource, object);
    settledForms.set(key, settled);
    const form = formOf(resource, settled);
    forms.set(object.body, form);
    return form;
  };
  return {
    async create(kind, objects) {
      const resource = core.catalog.of(kind);
      if (resource.hooks?.beginCreate !== undefined || resource.custom !== undefined)
        throw new Error(`${resource.kind.resource}: a create of it does more than store it`);
      const time = formatTime(core.clock.now());
      const made = objects.map((object) => {
        const form = formFor(resource, object);
        const own: Own = { uid: uuid(core.rng), time };
        return { form, own, stored: storedWithOwn(form.stored, own) };
      });
      const creates = made.map(({ form: { object }, stored }): NewEntry => {
        const { namespace = "", name } = object.metadata;
        return { type: "put", key: storageKey(resource.stored, namespace, name), value: stored, expectRevision: 0 };
      });
      const results = await commitEach(core.store, creates);
      for (let index = 0; index < results.length; index++) {
        const result = results[index]!;
        if (!result.ok) continue;
        const { form, own } = made[index]!;
        const { key, value } = creates[index]!;
        const created = new CachedObject(resource.stored, { key, revision: result.revision, stored: value });
        if (!form.isConverted)
          created.adopt(withOwn(form.object, { ...own, resourceVersion: String(result.revision) }));
        core.hub.offer(created);
      }
    },
  };
}

type NewEntry = StoreOperation & { readonly type: "put" };

/** At once, so that an engine can make one group of them. */
const commitEach = (store: Store, operations: readonly StoreOperation[]): Promise<readonly CommitResult[]> =>
  store.commitEach?.(operations) ?? Promise.all(operations.map((operation) => store.commit([operation])));

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

function withOwn(
  form: WithConditions,
  { uid, time, resourceVersion }: Own & { readonly resourceVersion?: string },
): KubeObject {
  const { metadata, status } = form;
  const managedFields = metadata.managedFields?.map((entry) => ({ ...entry, time }));
  const conditions = status?.conditions?.map((condition) => ({ ...condition, lastTransitionTime: time }));
  return {
    ...form,
    metadata: {
      ...metadata,
      uid,
      creationTimestamp: time,
      ...(managedFields ? { managedFields } : {}),
      ...(resourceVersion === undefined ? {} : { resourceVersion }),
    },
    ...(conditions ? { status: { ...status, conditions } } : {}),
  } as KubeObject;
}

function formOf(resource: ServedResource, settled: KubeObject): Form {
  const object = deepFreeze(withOwn(settled, nobody));
  const storable = storedForm(resource, object);
  const { stored } = storable;
  return {
    object,
    stored: { bytes: stored, ids: placesOf(stored, nobody.uid), times: placesOf(stored, nobody.time) },
    isConverted: storable.object !== object || resource.rules.convert !== undefined,
  };
}

const encoder = new TextEncoder();

/** Where a text of ASCII is in bytes of JSON. */
function placesOf(bytes: Uint8Array, text: string): readonly number[] {
  const wanted = encoder.encode(text);
  const places: number[] = [];
  for (let at = bytes.indexOf(wanted[0]!); at >= 0; at = bytes.indexOf(wanted[0]!, at + 1))
    if (wanted.every((byte, index) => bytes[at + index] === byte)) places.push(at);
  return places;
}

function storedWithOwn({ bytes, ids, times }: Form["stored"], { uid, time }: Own): Uint8Array {
  const own = bytes.slice();
  put(own, ids, encoder.encode(uid));
  put(own, times, encoder.encode(time));
  return own;
}

function put(bytes: Uint8Array, places: readonly number[], text: Uint8Array): void {
  for (let index = 0; index < places.length; index++) bytes.set(text, places[index]);
}
