// The configuration of a containerd of one's own (config.toml version 2: understood by containerd 1.6 to 2.x): own directories and
// socket, so that it meets no other containerd of the machine.

export interface ContainerdPlaces {
  readonly root: string;
  readonly state: string;
  readonly socket: string;
  readonly cniPlugins: string;
  readonly cniConfig: string;
  /** Image of sandboxes: must be imported or to be had by pulling. */
  readonly sandboxImage: string;
  /** Directory with `<registry>/hosts.toml` files that say where a registry's images come from; read at every pull. */
  readonly registryHosts?: string;
  readonly snapshotter?: "overlayfs" | "native";
}

/** Snapshotters and plugins that would probe the machine at start and are not used. */
const unusedPlugins = [
  "io.containerd.internal.v1.opt",
  "io.containerd.internal.v1.tracing",
  "io.containerd.tracing.processor.v1.otlp",
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.snapshotter.v1.blockfile",
];

export function containerdConfig(places: ContainerdPlaces): string {
  const text = JSON.stringify;
  return `version = 2
root = ${text(places.root)}
state = ${text(places.state)}
disabled_plugins = ${text(unusedPlugins)}

[grpc]
  address = ${text(places.socket)}

[ttrpc]
  address = ${text(`${places.socket}.ttrpc`)}

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(places.sandboxImage)}
  # Without CAP_SYS_RESOURCE the kernel refuses to lower a score, and runc then fails to start anything.
  restrict_oom_score_adj = true
  # With the state they go at the end of the cluster, also those of pods that were never known.
  netns_mounts_under_state_dir = true
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
${registryHosts(places.registryHosts)}  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${text(places.cniPlugins)}
    conf_dir = ${text(places.cniConfig)}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = ${text(places.snapshotter ?? "overlayfs")}
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`;
}

const registryHosts = (directory: string | undefined): string =>
  directory === undefined
    ? ""
    : `  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${JSON.stringify(directory)}
`;
