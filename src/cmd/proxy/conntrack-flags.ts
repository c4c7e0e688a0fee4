// Flags and fields of KubeProxyConfiguration about connection tracking. Upstream: pkg/proxy/apis/config KubeProxyConntrackConfiguration.
import type { FlagDefinitions, FlagValues } from "../../cli/index.ts";
import type { ConntrackLimits } from "../../network/node/index.ts";

export const conntrackFlags = {
  "conntrack-max-per-core": {
    type: "integer",
    help: "connections tracked for each core; 0 leaves the kernel's limit",
    default: "32768",
  },
  "conntrack-min": { type: "integer", help: "connections tracked at least", default: "131072" },
  "conntrack-tcp-timeout-established": {
    type: "duration",
    help: "how long an idle TCP connection is tracked; 0 leaves the kernel's",
    default: "24h",
  },
  "conntrack-tcp-timeout-close-wait": {
    type: "duration",
    help: "how long a TCP connection is tracked whose other side ended it; 0 leaves the kernel's",
    default: "1h",
  },
  "conntrack-tcp-be-liberal": { type: "boolean", help: "packets outside a TCP window belong to their connection" },
  "conntrack-udp-timeout": {
    type: "duration",
    help: "how long an idle unanswered UDP flow is tracked; 0 leaves the kernel's",
    default: "0",
  },
  "conntrack-udp-timeout-stream": {
    type: "duration",
    help: "how long an idle UDP flow is tracked; 0 leaves the kernel's",
    default: "0",
  },
} as const satisfies FlagDefinitions;

/** Flag of each field below `conntrack`. */
export const conntrackFields: Readonly<Record<string, string>> = {
  "conntrack.maxPerCore": "conntrack-max-per-core",
  "conntrack.min": "conntrack-min",
  "conntrack.tcpEstablishedTimeout": "conntrack-tcp-timeout-established",
  "conntrack.tcpCloseWaitTimeout": "conntrack-tcp-timeout-close-wait",
  "conntrack.tcpBeLiberal": "conntrack-tcp-be-liberal",
  "conntrack.udpTimeout": "conntrack-udp-timeout",
  "conntrack.udpStreamTimeout": "conntrack-udp-timeout-stream",
};

const seconds = (milliseconds: number): number => Math.trunc(milliseconds / 1000);

export const conntrackLimits = (values: FlagValues<typeof conntrackFlags>): ConntrackLimits => ({
  maxPerCore: values["conntrack-max-per-core"],
  min: values["conntrack-min"],
  tcpEstablishedSeconds: seconds(values["conntrack-tcp-timeout-established"]),
  tcpCloseWaitSeconds: seconds(values["conntrack-tcp-timeout-close-wait"]),
  tcpBeLiberal: values["conntrack-tcp-be-liberal"],
  udpSeconds: seconds(values["conntrack-udp-timeout"]),
  udpStreamSeconds: seconds(values["conntrack-udp-timeout-stream"]),
});
