// Queue order: higher priority first, then who came first.
import type { Plugin } from "../../framework.ts";

export const prioritySort = (): Plugin => ({
  name: "PrioritySort",
  less: (a, b) =>
    a.info.priority > b.info.priority || (a.info.priority === b.info.priority && a.timestampMs < b.timestampMs),
});
