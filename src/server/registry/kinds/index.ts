// Kinds whose writes do more than store their own object: one file each, one line here.
import type { Clock, Logger, MetricRegistry, Rng } from "../../../base/index.ts";
import type { Authorizer, ObjectReader, ObjectWriter } from "../../contract.ts";
import type { KindHooks } from "../../core.ts";
import { bindingHooks } from "./bindings.ts";
import { type ComponentProbe, componentStatusHooks } from "./componentstatuses.ts";
import { definitionHooks } from "./definitions.ts";
import { jobHooks } from "./jobs.ts";
import { namespaceHooks } from "./namespaces.ts";
import { podCertificateRequestHooks } from "./podcertificaterequests.ts";
import { podHooks } from "./pods.ts";
import { claimHooks, claimTemplateHooks } from "./resourceclaims.ts";
import { type TokenIssue, tokenHooks } from "./serviceaccounts.ts";
import type { AddressBook } from "./services/address-book.ts";
import { createAddressObjects } from "./services/address-objects.ts";
import { createServiceAllocators } from "./services/allocators.ts";
import { serviceHooks } from "./services/hooks.ts";

export interface NetworkRanges {
  /** One range a family, the first is the primary one: `10.96.0.0/12`. */
  readonly serviceClusterIPRange: string;
  /** `30000-32767`. */
  readonly serviceNodePortRange?: string;
}

export interface HookHost extends NetworkRanges {
  /** By name: scheduler, controller-manager. */
  readonly componentProbes?: Readonly<Record<string, ComponentProbe>>;
  readonly storeProbe: ComponentProbe;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly reader: ObjectReader;
  /** Made later than the hooks. */
  readonly writer: () => ObjectWriter;
  readonly log: Logger;
  readonly metrics: MetricRegistry;
  readonly tokenRequests: { issue?: TokenIssue };
  /** For what a kind asks besides the request itself. */
  readonly authorize: Authorizer["authorize"];
}

export interface HookSet {
  readonly byPath: ReadonlyMap<string, KindHooks>;
  /** Addresses of services, for those who keep them in order. */
  readonly addresses: AddressBook;
  /** The caches are filled: take over what is allocated. */
  start(): void;
  close(): void;
}

const returnsDeleted: KindHooks = { returnsDeleted: true };

export function kindHooks(host: HookHost): HookSet {
  const allocators = createServiceAllocators(host);
  const objects = createAddressObjects(host);
  const byPath = new Map<string, KindHooks>([
    ["/v1/namespaces", namespaceHooks],
    ["/v1/pods", podHooks(host.reader)],
    ["/v1/bindings", bindingHooks],
    ["/v1/componentstatuses", componentStatusHooks({ ...host.componentProbes, "etcd-0": host.storeProbe })],
    ["/v1/services", serviceHooks({ ...host, allocators, objects })],
    ["/v1/serviceaccounts", tokenHooks(host)],
    ["certificates.k8s.io/v1beta1/podcertificaterequests", podCertificateRequestHooks(host)],
    ["batch/v1/jobs", jobHooks],
    ["apiextensions.k8s.io/v1/customresourcedefinitions", definitionHooks],
    ...["v1", "v1beta1", "v1beta2"].flatMap((version): [string, KindHooks][] => [
      [`resource.k8s.io/${version}/resourceclaims`, claimHooks(host)],
      [`resource.k8s.io/${version}/resourceclaimtemplates`, claimTemplateHooks(host)],
      [`resource.k8s.io/${version}/deviceclasses`, returnsDeleted],
      [`resource.k8s.io/${version}/resourceslices`, returnsDeleted],
    ]),
    ["resource.k8s.io/v1alpha3/devicetaintrules", returnsDeleted],
    ["resource.k8s.io/v1beta2/devicetaintrules", returnsDeleted],
    ["resource.k8s.io/v1alpha3/resourcepoolstatusrequests", returnsDeleted],
    ["/v1/persistentvolumes", returnsDeleted],
    ["/v1/persistentvolumeclaims", returnsDeleted],
    ["/v1/podtemplates", returnsDeleted],
    ["/v1/resourcequotas", returnsDeleted],
    ["storage.k8s.io/v1/storageclasses", returnsDeleted],
    ["storage.k8s.io/v1/csidrivers", returnsDeleted],
    ["storage.k8s.io/v1/csinodes", returnsDeleted],
    ["storage.k8s.io/v1/volumeattachments", returnsDeleted],
    ["storage.k8s.io/v1/volumeattributesclasses", returnsDeleted],
    ["storage.k8s.io/v1beta1/volumeattributesclasses", returnsDeleted],
  ]);
  return {
    byPath,
    addresses: allocators.addresses,
    start: () => allocators.start(),
    close: () => allocators.close(),
  };
}
