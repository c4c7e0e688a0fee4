// `storageVersionHash` in discovery: tells clients when the stored version of a kind changes.

import type { KindDefinition } from "../../api/index.ts";
import { sha256 } from "../../base/index.ts";

/** Kinds that upstream stores in another version than those that are served by default: only this hash shows it. */
const storedElsewhere: Readonly<Record<string, string>> = {
  "admissionregistration.k8s.io/MutatingAdmissionPolicy": "v1beta1",
  "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding": "v1beta1",
  "apiextensions.k8s.io/CustomResourceDefinition": "v1beta1",
  "resource.k8s.io/DeviceTaintRule": "v1alpha3",
};

/** Names the stored version without revealing it. Upstream: apiserver's discovery/storageversionhash.go. */
export function storageVersionHash({ group, version, kind }: KindDefinition): string {
  const stored = storedElsewhere[`${group}/${kind}`] ?? version;
  const digest = sha256(new TextEncoder().encode(`${group}/${stored}/${kind}`));
  return btoa(String.fromCharCode(...digest.subarray(0, 8)));
}
