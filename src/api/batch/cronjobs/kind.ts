// CronJob: batch/v1 cronjobs.
import type { CronJob } from "../../../../facts/types/batch.v1.ts";
import { allVerbs, defineKind } from "../../kind.ts";
import { age, containerCells, selectorCell, tableColumns } from "../../lib/columns.ts";

export const cronJobs = defineKind<CronJob>({
  group: "batch",
  version: "v1",
  kind: "CronJob",
  resource: "cronjobs",
  singular: "cronjob",
  shortNames: ["cj"],
  categories: ["all"],
  namespaced: true,
  verbs: allVerbs,
  subresources: [{ name: "status", verbs: ["get", "patch", "update"] }],
  columns: tableColumns<CronJob>("batch/v1/CronJob", {
    Schedule: (each) => each.spec?.schedule ?? "",
    Timezone: (each) => each.spec?.timeZone ?? "<none>",
    Suspend: (each) => (each.spec?.suspend === undefined ? "<unset>" : each.spec.suspend ? "True" : "False"),
    Active: (each) => each.status?.active?.length ?? 0,
    "Last Schedule": (each, { now }) =>
      each.status?.lastScheduleTime ? age(each.status.lastScheduleTime, now) : "<none>",
    Containers: (each) => containerCells(each.spec?.jobTemplate?.spec?.template?.spec?.containers).names,
    Images: (each) => containerCells(each.spec?.jobTemplate?.spec?.template?.spec?.containers).images,
    Selector: (each) => selectorCell(each.spec?.jobTemplate?.spec?.selector),
  }),
});
