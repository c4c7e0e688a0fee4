// IPAddress: networking.k8s.io/v1beta1 ipaddresses. The same as v1.
import type { IPAddress as Stored } from "../../../../facts/types/networking.v1.ts";
import type { IPAddress } from "../../../../facts/types/networking.v1beta1.ts";
import { kindInVersion } from "../../lib/other-version.ts";
import { ipAddresses } from "../ipaddresses/kind.ts";

export const ipAddressesV1beta1 = kindInVersion<Stored, IPAddress>(ipAddresses, "v1beta1");
