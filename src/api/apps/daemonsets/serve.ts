// How the API server serves DaemonSet.
import type { DaemonSet } from "../../../../facts/types/apps.v1.ts";
import { defineRules } from "../../kind.ts";

export const daemonSetRules = defineRules<DaemonSet>({});
