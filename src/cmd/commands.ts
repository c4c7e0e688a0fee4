// The explicit list of commands. Each is a module of its own, loaded when it is asked for.

export interface Command {
  readonly summary: string;
  readonly group: "cluster" | "component" | "other";
  /** Resolves to the exit status. */
  readonly load: () => Promise<{ readonly run: (words: readonly string[]) => Promise<number> }>;
}

export const commands: Readonly<Record<string, Command>> = {
  up: {
    group: "cluster",
    summary: "start a cluster, or resume it, in the foreground",
    load: () => import("./up/up.ts"),
  },
  down: { group: "cluster", summary: "stop a cluster; its data stays", load: () => import("./down.ts") },
  delete: { group: "cluster", summary: "stop a cluster and remove its data", load: () => import("./delete.ts") },
  status: { group: "cluster", summary: "show what runs", load: () => import("./status.ts") },
  kubeconfig: { group: "cluster", summary: "print a cluster's kubeconfig", load: () => import("./kubeconfig.ts") },
  apiserver: {
    group: "component",
    summary: "run the API server alone",
    load: () => import("./apiserver/apiserver.ts"),
  },
  "controller-manager": {
    group: "component",
    summary: "run the controllers alone",
    load: () => import("./controller-manager/controller-manager.ts"),
  },
  scheduler: { group: "component", summary: "run the scheduler alone", load: () => import("./scheduler/scheduler.ts") },
  kubelet: { group: "component", summary: "run a node's kubelet alone", load: () => import("./kubelet/kubelet.ts") },
  proxy: { group: "component", summary: "run a node's service proxy alone", load: () => import("./proxy/proxy.ts") },
  version: { group: "other", summary: "print the version", load: () => import("./version.ts") },
  completion: {
    group: "other",
    summary: "print a completion script for bash, zsh or fish",
    load: async () => {
      const { complete } = await import("./completion.ts");
      return { run: (words) => complete(words, Object.keys(commands)) };
    },
  },
};
