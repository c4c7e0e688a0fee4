import assert from "node:assert/strict";
import { test } from "node:test";
import type { Pod } from "../../api/index.ts";
import { exceeded, isLimited, type LocalUse } from "./local-storage.ts";

const pod = (limit: string | undefined, emptyDir: object | undefined): Pod =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "p", namespace: "default", uid: "u", resourceVersion: "1", creationTimestamp: "" },
    spec: {
      containers: [
        { name: "a", ...(limit === undefined ? {} : { resources: { limits: { "ephemeral-storage": limit } } }) },
        { name: "b", ...(limit === undefined ? {} : { resources: { limits: { "ephemeral-storage": limit } } }) },
      ],
      volumes: emptyDir === undefined ? [] : [{ name: "data", emptyDir }],
    },
  }) as Pod;

const mebi = 1024 * 1024;
const use = (volume: number, a = 0, b = 0): LocalUse => ({ volumes: { data: volume }, containers: { a, b } });

test("what passes a limit of local storage, and how it is told", () => {
  const cases: readonly (readonly [string, Pod, LocalUse, string | undefined])[] = [
    ["no limit", pod(undefined, {}), use(9 * mebi), undefined],
    ["a volume at its limit", pod(undefined, { sizeLimit: "1Mi" }), use(mebi), undefined],
    [
      "a volume beyond it",
      pod(undefined, { sizeLimit: "1024Ki" }),
      use(mebi + 1),
      'Usage of EmptyDir volume "data" exceeds the limit "1Mi". ',
    ],
    ["a volume without a size", pod(undefined, { sizeLimit: "0" }), use(mebi), undefined],
    [
      "a pod",
      pod("1Mi", {}),
      use(2 * mebi, 1),
      "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ",
    ],
    ["a volume in memory is not on the disk", pod("1Mi", { medium: "Memory" }), use(9 * mebi), undefined],
    [
      "a container",
      pod("1Mi", undefined),
      use(0, 0, mebi + 1),
      'Container b exceeded its local ephemeral storage limit "1Mi". ',
    ],
  ];
  for (const [name, of, used, message] of cases) assert.equal(exceeded(of, used), message, name);
  assert.deepEqual(
    cases.map(([, of]) => isLimited(of)),
    [false, true, true, false, true, true, true],
  );
});
