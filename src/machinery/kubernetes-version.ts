// Which Kubernetes this is.
/** The Kubernetes release whose behaviour this is: what /version, nodes and the command line say. */
export const kubernetesVersion = "v1.36.3";

/**
 * What /version says: the Kubernetes release whose API this is, with the build data that upstream answers when it is built from
 * its released source. Clients parse and compare these fields, so none is left out or renamed.
 */
export const versionInfo = {
  major: "1",
  minor: "36",
  emulationMajor: "1",
  emulationMinor: "36",
  minCompatibilityMajor: "1",
  minCompatibilityMinor: "35",
  gitVersion: kubernetesVersion,
  gitCommit: "$Format:%H$",
  gitTreeState: "",
  buildDate: "2026-06-11T00:00:00Z",
  goVersion: "go1.26.8",
  compiler: "gc",
  platform: "linux/amd64",
} as const;
