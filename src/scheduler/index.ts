// The scheduler: `createScheduler(options).run(signal)`.
export { type PluginEntry, plugins } from "./list.ts";
export { createScheduler, type Profile, type Scheduler, type SchedulerOptions } from "./scheduler.ts";
