// The metric that says which version runs, the same for every component. Upstream: component-base/metrics/version.go.
import { Gauge, type MetricRegistry } from "../base/index.ts";
import { versionInfo } from "./kubernetes-version.ts";

export function registerBuildInfo(registry: MetricRegistry): void {
  registry
    .register(
      new Gauge({
        name: "kubernetes_build_info",
        help: "A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, Go version, and compiler from which Kubernetes was built, and platform on which it is running.",
        labelNames: [
          "build_date",
          "compiler",
          "git_commit",
          "git_tree_state",
          "git_version",
          "go_version",
          "major",
          "minor",
          "platform",
        ],
        stability: "BETA",
      }),
    )
    .set(1, {
      build_date: versionInfo.buildDate,
      compiler: versionInfo.compiler,
      git_commit: versionInfo.gitCommit,
      git_tree_state: versionInfo.gitTreeState,
      git_version: versionInfo.gitVersion,
      go_version: versionInfo.goVersion,
      major: versionInfo.major,
      minor: versionInfo.minor,
      platform: versionInfo.platform,
    });
}
