import assert from "node:assert/strict";
import { test } from "node:test";
import { featureGatesOf, gatesOfComponent, versionProblems } from "./gate-flags.ts";

const versions = (emulated: readonly string[], least: readonly string[] = []) =>
  versionProblems({ "emulated-version": emulated, "min-compatibility-version": least });

test("gates may name the component that they are of", () => {
  assert.deepEqual(gatesOfComponent(["kube:A=true", "kube:B=false"]), ["A=true", "B=false"]);
  assert.deepEqual(gatesOfComponent(["A=true"]), ["A=true"]);
  assert.throws(() => gatesOfComponent(["wardle:A=true"]), { message: "component not registered: wardle" });
  assert.throws(() => gatesOfComponent(["kube:A=true", "B=true"]), /do not mix use$/);
});

test("unknown, locked and unreadable gates are refused in upstream's words", async () => {
  const cases: readonly [string, string][] = [
    ["Nope=true", "unrecognized feature gate: Nope"],
    ["Nope", "missing bool value for Nope"],
    [
      "ServiceAccountTokenJTI=false",
      "cannot set feature gate ServiceAccountTokenJTI to false, feature is locked to true",
    ],
  ];
  for (const [word, message] of cases) await assert.rejects(featureGatesOf([word]), { message });
  assert.equal(await featureGatesOf([]), undefined);
});

test("versions: this one is emulated, others are refused", () => {
  assert.deepEqual(versions([]), []);
  assert.deepEqual(versions(["1.36"], ["kube=1.35"]), []);
  assert.deepEqual(versions(["1.30"]), [
    "emulation version 1.30 is not between [1.33, 1.36.0]",
    "minCompatibilityVersion version 1.33 is not between [1.33, 1.30]",
  ]);
  assert.match(versions(["1.35"])[0]!, /^--emulated-version 1\.35 is not implemented/);
  assert.match(versions([], ["1.34"])[0]!, /^--min-compatibility-version 1\.34 is not implemented/);
  assert.throws(() => versions(["x"]), { message: 'could not parse "x" as version' });
  assert.throws(() => versions(["1.36.2"]), { message: "patch version not allowed, got: kube=1.36.2" });
  assert.throws(() => versions(["wardle=1.2"]), { message: "component not registered: wardle" });
});
