/** What /version says: the Kubernetes release whose API this is. */
export const versionInfo = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: "v1.36.3",
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2026-06-11T00:00:00Z",
  goVersion: "",
  compiler: "typescript",
  platform: "linux/amd64",
} as const;
