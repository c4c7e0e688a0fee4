// No service may claim external addresses that it does not have already (CVE-2020-8554).
// Upstream: plugin/pkg/admission/network/denyserviceexternalips.
import { type Service, services } from "../../../../api/index.ts";
import type { AdmissionPlugin } from "../../../contract.ts";
import { draftOf, refuse } from "../../framework.ts";
import { isWrite } from "../../lib/writes.ts";

export const createDenyServiceExternalIPs = (): AdmissionPlugin => ({
  name: "DenyServiceExternalIPs",
  handles: (attributes) => isWrite(attributes, services),
  validate(attributes) {
    const had = (attributes.oldObject as Service | undefined)?.spec?.externalIPs ?? [];
    const wanted = draftOf<Service>(attributes).spec?.externalIPs ?? [];
    if (wanted.some((address) => !had.includes(address)))
      throw refuse(attributes, "Use of external IPs is denied by admission control");
  },
});
