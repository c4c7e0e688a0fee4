// Flags of upstream's kube-proxy that are without effect here, or refused, each with the reason.
import type { FlagDefinitions } from "../../cli/index.ts";
import { acceptedByAll, inert, inertAll, refused } from "../apiserver/accepted-flags.ts";

const noIptables = "rules are always nftables'";

export const acceptedByProxy = {
  ...acceptedByAll,
  "proxy-mode": inert("string", noIptables),
  "metrics-bind-address": inert("string", "metrics are on the port of --healthz-bind-address"),
  "oom-score-adj": inert("integer", "whoever starts this process sets it"),
  "bind-address-hard-fail": inert("boolean", "a port that can not be opened ends the process"),
  ...inertAll(["boot-id-file", "machine-id-file"], "string", "nothing here asks for it"),
  "config-sync-period": inert("duration", "each change is acted on when it comes"),
  "iptables-localhost-nodeports": inert("boolean", noIptables),
  "iptables-masquerade-bit": inert("integer", noIptables),
  ...inertAll(
    [
      "iptables-min-sync-period",
      "iptables-sync-period",
      "ipvs-min-sync-period",
      "ipvs-sync-period",
      "ipvs-tcp-timeout",
      "ipvs-tcpfin-timeout",
      "ipvs-udp-timeout",
    ],
    "duration",
    noIptables,
  ),
  "ipvs-exclude-cidrs": inert("list", noIptables),
  "ipvs-scheduler": inert("string", noIptables),
  "ipvs-strict-arp": inert("boolean", noIptables),
  "show-hidden-metrics-for-version": inert("string", "1.35 hid no metric that is here"),
  "detect-local-mode": refused("traffic of pods is told by --cluster-cidr", "ClusterCIDR"),
  "pod-bridge-interface": refused("traffic of pods is told by --cluster-cidr"),
  "pod-interface-name-prefix": refused("traffic of pods is told by --cluster-cidr"),
  "init-only": refused("the rules need the rights of root for as long as the proxy runs"),
} as const satisfies FlagDefinitions;
