import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { PodStatus } from "../../api/index.ts";
import { applyStrategicMergePatch, builtinSchemas } from "../../machinery/index.ts";
import { statusPatch } from "./patch.ts";

const text = fc.constantFrom("a", "b", "c");
const types = ["Ready", "Initialized", "PodScheduled", "ContainersReady"];
const statusOf = fc.record(
  {
    phase: fc.constantFrom("Pending" as const, "Running" as const),
    reason: text,
    podIP: text,
    podIPs: fc
      .uniqueArray(fc.constantFrom("10.0.0.1", "10.0.0.2", "fd00::1"))
      .map((list) => list.map((ip) => ({ ip }))),
    conditions: fc
      .subarray(types)
      .chain((chosen) =>
        fc.tuple(
          ...chosen.map((type) =>
            fc.record(
              { type: fc.constant(type), status: fc.constantFrom("True", "False"), reason: text },
              { requiredKeys: ["type", "status"], noNullPrototype: true },
            ),
          ),
        ),
      ),
    resources: fc.record(
      { limits: fc.dictionary(text, fc.constantFrom("1", "2"), { noNullPrototype: true }) },
      { requiredKeys: [], noNullPrototype: true },
    ),
  },
  { requiredKeys: ["phase"], noNullPrototype: true },
) as fc.Arbitrary<PodStatus>;

describe("the patch between two statuses", () => {
  it("is nothing when nothing differs", () => {
    fc.assert(fc.property(statusOf, (status) => assert.equal(statusPatch(status, status), undefined)));
  });

  it("makes the one out of the other", () => {
    const schemas = builtinSchemas();
    fc.assert(
      fc.property(statusOf, statusOf, (from, to) => {
        const patch = statusPatch(from, to);
        const pod = { apiVersion: "v1", kind: "Pod", metadata: {}, status: from };
        const patched =
          patch === undefined
            ? pod
            : (applyStrategicMergePatch(
                pod,
                { status: patch },
                { schema: schemas.ofKind({ group: "", version: "v1", kind: "Pod" })!, schemas },
              ) as typeof pod);
        const sorted = (status: PodStatus): object => {
          const { conditions = [], podIPs = [], resources, ...rest } = status;
          return {
            ...rest,
            limits: resources?.limits ?? {},
            conditions: Object.fromEntries(conditions.map((each) => [each.type, each])),
            ips: podIPs.map((each) => each.ip).sort(),
          };
        };
        assert.deepEqual(sorted(patched.status), sorted(to));
      }),
    );
  });

  it("leaves conditions of others alone", () => {
    const gate = { type: "example.org/gate", status: "True" };
    assert.equal(statusPatch({ conditions: [gate] }, { conditions: [] }), undefined);
    const closed = { ...gate, status: "False" };
    assert.equal(statusPatch({ conditions: [closed] }, { conditions: [gate] }), undefined);
    assert.equal(statusPatch({ conditions: [] }, { conditions: [gate] }), undefined);
  });

  it("says why the node put the pod out when the pod has ended, not before", () => {
    const conditions = [{ type: "DisruptionTarget", status: "True", reason: "TerminationByKubelet" }];
    assert.equal(statusPatch({ phase: "Running" }, { phase: "Running", conditions }), undefined);
    assert.deepEqual(statusPatch({ phase: "Running" }, { phase: "Failed", conditions }), {
      phase: "Failed",
      conditions,
    });
    assert.equal(statusPatch({ phase: "Failed" }, { phase: "Failed", conditions }), undefined);
  });
});
