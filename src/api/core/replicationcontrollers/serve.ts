// How the API server serves ReplicationController.
import type { ReplicationController } from "../../../../facts/types/core.v1.ts";
import { defineRules } from "../../kind.ts";

export const replicationControllerRules = defineRules<ReplicationController>({});
