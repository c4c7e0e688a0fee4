// How the API server serves Lease.
import type { Lease } from "../../../../facts/types/coordination.v1.ts";
import { defineRules } from "../../kind.ts";

export const leaseRules = defineRules<Lease>({});
