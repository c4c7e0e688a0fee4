import assert from "node:assert/strict";
import { test } from "node:test";
import type { PersistentVolume, PersistentVolumeClaim } from "../../api/index.ts";
import { meta } from "../lib/testing.ts";
import { classesOfClaim, classesOfVolume, released } from "./decide.ts";

const claim = (over: object): PersistentVolumeClaim =>
  ({ apiVersion: "v1", kind: "PersistentVolumeClaim", metadata: meta("c"), ...over }) as PersistentVolumeClaim;

const claims: readonly [string, object, readonly string[]][] = [
  ["no class", { spec: {} }, []],
  ["the empty name is none", { spec: { volumeAttributesClassName: "" } }, []],
  ["asked for", { spec: { volumeAttributesClassName: "gold" } }, ["gold"]],
  [
    "asked for, in force and on its way",
    {
      spec: { volumeAttributesClassName: "gold" },
      status: {
        currentVolumeAttributesClassName: "silver",
        modifyVolumeStatus: { targetVolumeAttributesClassName: "bronze", status: "InProgress" },
      },
    },
    ["gold", "silver", "bronze"],
  ],
  [
    "each once",
    { spec: { volumeAttributesClassName: "gold" }, status: { currentVolumeAttributesClassName: "gold" } },
    ["gold"],
  ],
];
for (const [name, over, expected] of claims)
  test(`classes of a claim: ${name}`, () => assert.deepEqual(classesOfClaim(claim(over)), expected));

test("class of a volume", () => {
  const volume = (spec: object) =>
    ({ apiVersion: "v1", kind: "PersistentVolume", metadata: meta("v"), spec }) as PersistentVolume;
  assert.deepEqual(classesOfVolume(volume({ volumeAttributesClassName: "gold" })), ["gold"]);
  assert.deepEqual(classesOfVolume(volume({})), []);
});

test("what an update let go", () => assert.deepEqual(released(["gold", "silver"], ["silver", "bronze"]), ["gold"]));
