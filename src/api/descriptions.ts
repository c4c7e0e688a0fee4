// What `kubectl explain` says about every type and field of the built-in API. Some hundred kilobytes of text that a start does not need:
// only described.ts loads this module, when a document that has descriptions is made.
import extras from "../../facts/openapi-extras.json" with { type: "json" };
import { descriptions as admissionregistration } from "./admissionregistration/descriptions.ts";
import { descriptions as apiextensions } from "./apiextensions/descriptions.ts";
import { descriptions as apiregistration } from "./apiregistration/descriptions.ts";
import { descriptions as apiserverinternal } from "./apiserverinternal/descriptions.ts";
import { descriptions as apps } from "./apps/descriptions.ts";
import { descriptions as authentication } from "./authentication/descriptions.ts";
import { descriptions as authorization } from "./authorization/descriptions.ts";
import * as autoscaling from "./autoscaling/descriptions.ts";
import { descriptions as batch } from "./batch/descriptions.ts";
import * as certificates from "./certificates/descriptions.ts";
import * as coordination from "./coordination/descriptions.ts";
import { coreV1 } from "./core/descriptions/index.ts";
import { descriptions as discovery } from "./discovery/descriptions.ts";
import { descriptions as events } from "./events/descriptions.ts";
import { descriptions as flowcontrol } from "./flowcontrol/descriptions.ts";
import type { Differences } from "./lib/descriptions/contract.ts";
import { intstr, metaV1, quantity, runtime, version } from "./lib/descriptions/meta.ts";
import { itemsOf, kindFields, listMetadata, listOf, metadata } from "./lib/descriptions/shared.ts";
import { descriptions as networking } from "./networking/descriptions.ts";
import { descriptions as node } from "./node/descriptions.ts";
import { descriptions as policy } from "./policy/descriptions.ts";
import { descriptions as rbac } from "./rbac/descriptions.ts";
import { v1 as resource } from "./resource/descriptions.ts";
import * as resourceOther from "./resource/other-descriptions.ts";
import { v1alpha2 as schedulingAlpha } from "./scheduling/alpha-descriptions.ts";
import { descriptions as scheduling } from "./scheduling/descriptions.ts";
import { descriptions as storage } from "./storage/descriptions.ts";
import { descriptions as storagemigration } from "./storagemigration/descriptions.ts";

/** Definitions begin with the name of one of these packages. What stands later says what differs in that version. */
export const packages: Readonly<Record<string, readonly Differences[]>> = {
  "io.k8s.api.admissionregistration.v1": [admissionregistration],
  "io.k8s.api.admissionregistration.v1alpha1": [admissionregistration],
  "io.k8s.api.admissionregistration.v1beta1": [admissionregistration],
  "io.k8s.api.apiserverinternal.v1alpha1": [apiserverinternal],
  "io.k8s.api.apps.v1": [apps],
  "io.k8s.api.authentication.v1": [authentication],
  "io.k8s.api.authorization.v1": [authorization],
  "io.k8s.api.autoscaling.v1": [autoscaling.v1],
  "io.k8s.api.autoscaling.v2": [autoscaling.v2],
  "io.k8s.api.batch.v1": [batch],
  "io.k8s.api.certificates.v1": [certificates.v1],
  "io.k8s.api.certificates.v1alpha1": [certificates.v1beta1],
  "io.k8s.api.certificates.v1beta1": [certificates.v1beta1],
  "io.k8s.api.coordination.v1": [coordination.v1],
  "io.k8s.api.coordination.v1alpha2": [coordination.candidates],
  "io.k8s.api.coordination.v1beta1": [coordination.candidates],
  "io.k8s.api.core.v1": coreV1,
  "io.k8s.api.discovery.v1": [discovery],
  "io.k8s.api.events.v1": [events],
  "io.k8s.api.flowcontrol.v1": [flowcontrol],
  "io.k8s.api.networking.v1": [networking],
  "io.k8s.api.networking.v1beta1": [networking],
  "io.k8s.api.node.v1": [node],
  "io.k8s.api.policy.v1": [policy],
  "io.k8s.api.rbac.v1": [rbac],
  "io.k8s.api.resource.v1": [resource],
  "io.k8s.api.resource.v1alpha3": [resource, resourceOther.v1alpha3],
  "io.k8s.api.resource.v1beta1": [resource, resourceOther.v1beta1],
  "io.k8s.api.resource.v1beta2": [resource, resourceOther.taintRules],
  "io.k8s.api.scheduling.v1": [scheduling],
  "io.k8s.api.scheduling.v1alpha2": [schedulingAlpha],
  "io.k8s.api.storage.v1": [storage],
  "io.k8s.api.storage.v1beta1": [storage],
  "io.k8s.api.storagemigration.v1beta1": [storagemigration],
  "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1": [apiextensions],
  "io.k8s.apimachinery.pkg.api.resource": [quantity],
  "io.k8s.apimachinery.pkg.apis.meta.v1": [metaV1],
  "io.k8s.apimachinery.pkg.runtime": [runtime],
  "io.k8s.apimachinery.pkg.util.intstr": [intstr],
  "io.k8s.apimachinery.pkg.version": [version],
  "io.k8s.kube-aggregator.pkg.apis.apiregistration.v1": [apiregistration],
};

/** What upstream says nothing about: a description there would change the schemas around it. */
const undescribed = extras.undescribed as Readonly<Record<string, readonly string[]>>;

/**
 * Descriptions of a definition (under "") and of its fields, by name; nothing of what upstream does not describe. `fields` are the names of
 * all its fields.
 */
export function describe(definition: string, fields: readonly string[]): Readonly<Record<string, string>> {
  const dot = definition.lastIndexOf(".");
  const type = definition.slice(dot + 1);
  const own: Record<string, string> = {};
  for (const part of packages[definition.slice(0, dot)] ?? []) Object.assign(own, part[type]);
  const has = (field: string): boolean => fields.includes(field);
  const list = type.endsWith("List") && has("items") && has("metadata");
  const said = {
    ...(has("apiVersion") && has("kind") ? kindFields : {}),
    ...(has("metadata") ? { metadata: list ? listMetadata : metadata } : {}),
    ...(list ? { "": listOf(type.slice(0, -"List".length)), items: itemsOf(type.slice(0, -"List".length)) } : {}),
    ...Object.fromEntries(Object.entries(own).filter(([field]) => field === "" || has(field))),
  };
  const silent = undescribed[definition];
  return silent === undefined
    ? said
    : Object.fromEntries(Object.entries(said).filter(([field]) => !silent.includes(field)));
}
