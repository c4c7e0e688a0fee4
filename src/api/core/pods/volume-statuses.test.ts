import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../../../facts/types/core.v1.ts";
import type { RuleContext } from "../../kind.ts";
import { findings } from "../../lib/validate.ts";
import { dropVolumeStatuses, volumeStatuses } from "./volume-statuses.ts";

const gate = (on: boolean) => ({ featureEnabled: () => on }) as unknown as RuleContext;
const pod = (imageRef?: string): Pod =>
  ({
    status: {
      containerStatuses: [
        {
          name: "c",
          volumeMounts: [
            {
              name: "v",
              mountPath: "/a",
              ...(imageRef === undefined ? {} : { volumeStatus: { image: { imageRef } } }),
            },
          ],
        },
      ],
    },
  }) as unknown as Pod;
const dropped = (on: boolean, old: Pod): Pod => {
  const draft = pod("ref");
  dropVolumeStatuses(draft, old, gate(on));
  return draft;
};

test("while the gate is off nothing new is told of volumes; what is told already stays", () => {
  assert.deepEqual(dropped(false, pod()), pod());
  assert.deepEqual(dropped(false, pod("old")), pod("ref"));
  assert.deepEqual(dropped(true, pod()), pod("ref"));
});

const path = "status.containerStatuses[0].volumeMounts[0].volumeStatus.imageVolumeStatus.imageRef";
const rows: readonly (readonly [imageRef: string, message: string | undefined])[] = [
  ["ref", undefined],
  ["", `${path}: Required value: imageRef must not be empty`],
  ["é".repeat(129), `${path}: Too long: may not be more than 256 bytes`],
];
for (const [imageRef, message] of rows)
  test(`imageRef of ${imageRef.length} characters: ${message ?? "fine"}`, () => {
    const told = (on: boolean): string[] =>
      findings(pod(imageRef).status, volumeStatuses(gate(on)), "status").map(
        (each) => `${each.field}: ${each.message}`,
      );
    assert.deepEqual(told(true), message === undefined ? [] : [message]);
    assert.deepEqual(told(false), []);
  });
