import assert from "node:assert/strict";
import { test } from "node:test";
import type { AppArmorProfile, PodSpec } from "../../../../facts/types/core.v1.ts";
import { appArmorWarnings, copyAppArmor } from "./app-armor.ts";

const key = "container.apparmor.security.beta.kubernetes.io/c";
const said = `metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`;
const runtime: AppArmorProfile = { type: "RuntimeDefault" };
const unconfined: AppArmorProfile = { type: "Unconfined" };

interface Row {
  readonly annotation: string;
  readonly pod?: AppArmorProfile;
  readonly own?: AppArmorProfile;
  readonly os?: string;
  readonly becomes: AppArmorProfile | undefined;
  readonly warns: boolean;
  /** What is said of the same in a template. */
  readonly template: boolean;
}

const table: Readonly<Record<string, Row>> = {
  "the runtime's": { annotation: "runtime/default", becomes: runtime, warns: true, template: true },
  none: { annotation: "unconfined", becomes: unconfined, warns: true, template: true },
  "a loaded one": {
    annotation: "localhost/foo",
    becomes: { type: "Localhost", localhostProfile: "foo" },
    warns: true,
    template: true,
  },
  "no name": { annotation: "localhost/", becomes: undefined, warns: true, template: true },
  "a name with space around": { annotation: "localhost/ x", becomes: undefined, warns: true, template: true },
  "what is no profile": { annotation: "nonsense", becomes: undefined, warns: true, template: true },
  "the pod's own": {
    annotation: "runtime/default",
    pod: runtime,
    becomes: undefined,
    warns: false,
    template: false,
  },
  "other than the pod's": {
    annotation: "unconfined",
    pod: runtime,
    becomes: unconfined,
    warns: true,
    template: true,
  },
  "the field is there": {
    annotation: "unconfined",
    own: runtime,
    becomes: runtime,
    warns: false,
    template: false,
  },
  Windows: { annotation: "runtime/default", os: "windows", becomes: undefined, warns: false, template: true },
};

for (const [name, { annotation, pod, own, os, becomes, warns, template }] of Object.entries(table))
  test(`AppArmor by annotation: ${name}`, () => {
    const spec = {
      ...(os === undefined ? {} : { os: { name: os } }),
      ...(pod === undefined ? {} : { securityContext: { appArmorProfile: pod } }),
      containers: [{ name: "c", ...(own === undefined ? {} : { securityContext: { appArmorProfile: own } }) }],
    } as PodSpec;
    const annotations = { [key]: annotation };
    const ofTemplate = [...appArmorWarnings(spec, annotations, "spec.template").values()];
    assert.deepEqual(ofTemplate, template ? [`spec.template.${said}`] : []);
    const warnings: string[] = [];
    copyAppArmor(spec, annotations, (text) => warnings.push(text));
    assert.deepEqual(spec.containers[0]?.securityContext?.appArmorProfile, becomes);
    assert.deepEqual(warnings, warns ? [said] : []);
  });
