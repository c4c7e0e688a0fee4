// How the API server serves ConfigMap.
import type { ConfigMap } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const configMapRules = defineRules<ConfigMap>({});
