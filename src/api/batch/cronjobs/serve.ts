// How the API server serves CronJob.
import type { CronJob } from "../../../../facts/types/batch.v1.ts";
import { defineRules } from "../../kind.ts";

export const cronJobRules = defineRules<CronJob>({});
