import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseMountInfo, sameSource } from "./mount-info.ts";

const list = `22 1 254:0 / / rw - ext4 /dev/vda rw
30 22 0:25 / /tmp/vol rw - tmpfs tmpfs rw
31 22 0:25 / /k/pods/u/volumes/kubernetes.io~local-volume/pv rw - tmpfs tmpfs rw
32 22 254:0 /tmp/dir /k/pods/u/volumes/kubernetes.io~local-volume/dir rw - ext4 /dev/vda rw
33 22 254:0 /tmp/with\\040space /k/pods/u/volumes/kubernetes.io~local-volume/space rw - ext4 /dev/vda rw
34 22 0:25 /sub /mnt/sub rw - tmpfs tmpfs rw
`;

describe("mount points that show the same directory", () => {
  const cases: readonly (readonly [path: string, expected: readonly string[]])[] = [
    ["/tmp/vol", ["/k/pods/u/volumes/kubernetes.io~local-volume/pv"]],
    ["/tmp/dir", ["/k/pods/u/volumes/kubernetes.io~local-volume/dir"]],
    ["/tmp/with space", ["/k/pods/u/volumes/kubernetes.io~local-volume/space"]],
    ["/tmp/vol/sub", ["/mnt/sub"]],
    ["/k/pods/u/volumes/kubernetes.io~local-volume/pv", ["/tmp/vol"]],
    ["/tmp", []],
    ["/", []],
  ];
  for (const [path, expected] of cases)
    it(path, () => assert.deepEqual(sameSource(parseMountInfo(list), path), expected));
});
