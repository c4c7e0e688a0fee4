import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { deepFreeze } from "../equal.ts";
import { type KubeObject, type ManagedFieldsEntry, parseApiVersion } from "../object.ts";
import { builtinSchemas } from "../schema.ts";
import { type ManagedFieldsUpdate, managedFieldsAfterUpdate } from "./managed-fields.ts";
import { ownedAsBefore } from "./same-owner.ts";

const schemas = builtinSchemas();
const [first, later] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];

const written = (object: KubeObject, update: Partial<ManagedFieldsUpdate>): ManagedFieldsUpdate => ({
  ...{ before: undefined, after: object, manager: "m", subresource: "", time: first, schemas },
  schema: schemas.ofKind({ ...parseApiVersion(object.apiVersion), kind: object.kind })!,
  ...update,
});

const withFields = (object: KubeObject, managedFields: ManagedFieldsEntry[] | undefined): KubeObject =>
  deepFreeze({ ...object, metadata: { ...object.metadata, ...(managedFields ? { managedFields } : {}) } });

const lease = (spec: Record<string, unknown>, labels?: Record<string, string>): KubeObject =>
  ({
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "a", uid: "u", resourceVersion: "1", ...(labels ? { labels } : {}) },
    spec,
  }) as never;
const configMap = (data: Record<string, string>): KubeObject =>
  ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", uid: "u" }, data }) as never;

test("a lease that is renewed stays its holder's, at the new time", () => {
  const before = lease({ holderIdentity: "n", renewTime: "2026-01-01T00:00:00.000000Z" });
  const managedFields = managedFieldsAfterUpdate(written(before, {}));
  const after = lease({ holderIdentity: "n", renewTime: "2026-01-01T00:00:10.000000Z" });
  const update = written(withFields(after, managedFields), { before: withFields(before, managedFields), time: later });
  const found = ownedAsBefore(update);
  assert.deepEqual(found, [{ ...managedFields![0]!, time: later }]);
  assert.deepEqual(found, managedFieldsAfterUpdate(update));
});

const text = fc.constantFrom("", "a", "b");
const objects = fc.oneof(
  fc
    .record(
      {
        holderIdentity: text,
        renewTime: fc.constantFrom("2026-01-01T00:00:00.000000Z", "2026-01-01T00:00:01.000000Z"),
        leaseDurationSeconds: fc.nat(2),
        strategy: text,
      },
      { requiredKeys: [] },
    )
    .chain((spec) =>
      fc
        .option(fc.dictionary(fc.constantFrom("k", "l"), text), { nil: undefined })
        .map((labels) => lease(spec, labels)),
    ),
  fc.dictionary(fc.constantFrom("k", "l"), text).map(configMap),
);

test("it says what the algebra says, or nothing", () => {
  let said = 0;
  fc.assert(
    fc.property(objects, objects, fc.constantFrom("m", "other"), fc.boolean(), (before, after, manager, sends) => {
      fc.pre(before.kind === after.kind);
      const managedFields = managedFieldsAfterUpdate(written(before, {}));
      const update = written(withFields(after, sends ? managedFields : undefined), {
        before: withFields(before, managedFields),
        manager,
        time: later,
      });
      const found = ownedAsBefore(update);
      if (found === undefined) return;
      said += 1;
      assert.deepEqual(found, managedFieldsAfterUpdate(update));
    }),
    { numRuns: 2000 },
  );
  assert.ok(said > 50, `${said} of 2000 were such writes`);
});
