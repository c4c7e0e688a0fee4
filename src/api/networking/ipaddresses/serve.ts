// How the API server serves IPAddress.
import type { IPAddress } from "../../../../facts/types/networking.v1.ts";
import { defineRules } from "../../kind.ts";

export const ipAddressRules = defineRules<IPAddress>({});
