// How the API server serves StatefulSet.
import type { StatefulSet } from "../../../../facts/types/apps.v1.ts";
import { defineRules } from "../../kind.ts";

export const statefulSetRules = defineRules<StatefulSet>({});
