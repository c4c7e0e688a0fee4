// How the API server serves IPAddress of v1beta1: by the rules of v1.
import type { IPAddress as Stored } from "../../../../facts/types/networking.v1.ts";
import type { IPAddress } from "../../../../facts/types/networking.v1beta1.ts";
import { rulesInVersion } from "../../lib/other-version.ts";
import { ipAddressRules } from "../ipaddresses/serve.ts";

export const ipAddressV1beta1Rules = rulesInVersion<Stored, IPAddress>(ipAddressRules, {
  stored: "networking.k8s.io/v1",
  served: "networking.k8s.io/v1beta1",
});
