// Job: batch/v1 jobs.
import type { Job } from "../../../../facts/types/batch.v1.ts";
import { parseTime } from "../../../machinery/index.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { containerCells, humanDuration, selectorCell, tableColumns } from "../../lib/columns.ts";

const holds = ({ status }: Job, type: string): boolean =>
  status?.conditions?.find((each) => each.type === type)?.status === "True";

function state(job: Job): string {
  if (holds(job, "Complete")) return "Complete";
  if (holds(job, "Failed")) return "Failed";
  if (job.metadata.deletionTimestamp !== undefined) return "Terminating";
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find((type) => holds(job, type)) ?? "Running";
}

function completions({ spec, status }: Job): string {
  const done = status?.succeeded ?? 0;
  if (spec?.completions !== undefined) return `${done}/${spec.completions}`;
  return (spec?.parallelism ?? 0) > 1 ? `${done}/1 of ${spec?.parallelism}` : `${done}/1`;
}

function duration({ status }: Job, now: number): string {
  if (!status?.startTime) return "";
  const end = status.completionTime ? parseTime(status.completionTime) : now;
  return humanDuration(end - parseTime(status.startTime));
}

export const jobs = defineKind<Job>({
  group: "batch",
  version: "v1",
  kind: "Job",
  resource: "jobs",
  singular: "job",
  shortNames: [],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: tableColumns<Job>("batch/v1/Job", {
    Status: state,
    Completions: completions,
    Duration: (each, { now }) => duration(each, now),
    Containers: (each) => containerCells(each.spec?.template?.spec?.containers).names,
    Images: (each) => containerCells(each.spec?.template?.spec?.containers).images,
    Selector: (each) => selectorCell(each.spec?.selector),
  }),
  selectableFields: { "status.successful": (each) => String(each.status?.succeeded ?? 0) },
});
