// What Prometheus' client libraries say of every process, read when the metrics are asked for.
import process from "node:process";
import { type Clock, Gauge, type MetricRegistry } from "../base/index.ts";
import { registerBuildInfo } from "../machinery/index.ts";

/** What every component shows beside its own: its version and its process. */
export function registerComponentMetrics(registry: MetricRegistry, clock: Clock): void {
  registerBuildInfo(registry);
  registerProcessMetrics(registry, clock);
}

export function registerProcessMetrics(registry: MetricRegistry, clock: Clock): void {
  const gauge = (name: string, help: string): Gauge => registry.register(new Gauge({ name, help }));
  gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.").set(
    Math.round(clock.now() - process.uptime() * 1000) / 1000,
  );
  const cpu = gauge("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.");
  const resident = gauge("process_resident_memory_bytes", "Resident memory size in bytes.");
  registry.beforeRender(() => {
    const { user, system } = process.cpuUsage();
    cpu.set((user + system) / 1e6);
    resident.set(process.memoryUsage.rss());
  });
}
