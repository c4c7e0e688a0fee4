// How the API server serves NetworkPolicy.
import type { NetworkPolicy } from "../../../../facts/types/networking.v1.ts";
import { defineRules } from "../../kind.ts";

export const networkPolicyRules = defineRules<NetworkPolicy>({});
