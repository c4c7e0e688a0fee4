// How the API server serves EndpointSlice.
import type { EndpointSlice } from "../../../../facts/types/discovery.v1.ts";
import { defineRules } from "../../kind.ts";

export const endpointSliceRules = defineRules<EndpointSlice>({});
