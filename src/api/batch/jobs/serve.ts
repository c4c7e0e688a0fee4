// How the API server serves Job.
import type { Job } from "../../../../facts/types/batch.v1.ts";
import { defineRules } from "../../kind.ts";

export const jobRules = defineRules<Job>({});
