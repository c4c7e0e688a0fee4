// How the API server serves ReplicaSet.
import type { ReplicaSet } from "../../../../facts/types/apps.v1.ts";
import { defineRules } from "../../kind.ts";

export const replicaSetRules = defineRules<ReplicaSet>({});
