// `t8s controller-manager`: the controllers alone, with kube-controller-manager's flags.
import { type FlagDefinitions, FlagError, type FlagValues } from "../../cli/index.ts";
import type { HorizontalPodAutoscalerSettings } from "../../controllers/index.ts";
import { acceptedByControllerManager, tellInert } from "../apiserver/accepted-flags.ts";
import { readFlagFile } from "../apiserver/self-signed.ts";
import { type ControllerSettings, runControllerManager } from "../components.ts";
import { featureGatesOf, gateFlags, refuseVersions, versionFlags } from "../gate-flags.ts";
import { readFlags } from "../lib.ts";
import { localVolumes, provisioningVolumes } from "../local-volumes.ts";
import { healthFlags, runManager } from "../manager.ts";
import { metricFlags, metricLimits } from "../metric-flags.ts";
import { connect, leaderFlags, remoteFlags } from "../remote.ts";
import { signerFlags, signingOf } from "../signing-files.ts";
import { controllerFlags, controllerOptions } from "./flags.ts";

const flags = {
  ...acceptedByControllerManager,
  ...remoteFlags,
  ...leaderFlags,
  ...healthFlags(10257),
  ...controllerFlags,
  ...metricFlags,
  ...gateFlags,
  ...versionFlags,
  controllers: { type: "list", help: "controllers to run: * for those on by default, NAME, -NAME", default: "*" },
  "cluster-cidr": { type: "string", help: "range of pod addresses" },
  "service-cluster-ip-range": { type: "string", help: "range of cluster IPs, kept out of the nodes' ranges" },
  "node-cidr-mask-size": { type: "integer", help: "size of a node's range", default: "24" },
  "root-ca-file": {
    type: "string",
    help: "certificates that pods trust the API server by; the kubeconfig's when not given",
  },
  "service-account-private-key-file": {
    type: "string",
    help: "key that signs the tokens of Secrets; without it they stay empty",
  },
  "legacy-service-account-token-clean-up-period": {
    type: "duration",
    help: "for how long a token that was made unasked may be unused",
    default: "8760h",
  },
  "horizontal-pod-autoscaler-sync-period": { type: "duration", help: "time between two looks", default: "15s" },
  "horizontal-pod-autoscaler-downscale-stabilization": {
    type: "duration",
    help: "for how long a higher recommendation keeps replicas",
    default: "5m",
  },
  "horizontal-pod-autoscaler-cpu-initialization-period": {
    type: "duration",
    help: "time after a pod's start in which its use of CPU says little",
    default: "5m",
  },
  "horizontal-pod-autoscaler-initial-readiness-delay": {
    type: "duration",
    help: "time after a pod's start in which turning unready counts ready",
    default: "30s",
  },
  "horizontal-pod-autoscaler-tolerance": {
    type: "string",
    help: "share by which usage may miss its target without a change",
    default: "0.1",
  },
  "cluster-signing-cert-file": { type: "string", help: "authority that signs certificate requests" },
  "cluster-signing-key-file": { type: "string", help: "key of --cluster-signing-cert-file" },
  ...signerFlags,
  "cluster-signing-duration": { type: "duration", help: "longest life of a signed certificate", default: "8760h" },
  "terminated-pod-gc-threshold": {
    type: "integer",
    help: "how many ended pods are kept; 0 keeps all",
    default: "12500",
  },
  "enable-hostpath-provisioner": {
    type: "boolean",
    help: "provision volumes of classes by kubernetes.io/host-path: directories below /tmp/hostpath_pv of this machine, for tests and development",
  },
  "pv-recycler-minimum-timeout-hostpath": {
    type: "integer",
    help: "least seconds that emptying a host path may take",
    default: "60",
  },
  "pv-recycler-timeout-increment-hostpath": {
    type: "integer",
    help: "seconds that each Gi of a host path may take",
    default: "30",
  },
  "pv-recycler-minimum-timeout-nfs": {
    type: "integer",
    help: "least seconds that emptying an NFS volume may take",
    default: "300",
  },
  "pv-recycler-increment-timeout-nfs": {
    type: "integer",
    help: "seconds that each Gi of an NFS volume may take",
    default: "30",
  },
  "use-service-account-credentials": {
    type: "boolean",
    help: "every controller asks in the name of a ServiceAccount of its own",
  },
} as const satisfies FlagDefinitions;

export async function run(words: readonly string[]): Promise<number> {
  const parsed = readFlags({ name: "controller-manager", about: "Runs the controllers alone.", flags }, words);
  if (parsed === undefined) return 0;
  const { values } = parsed;
  await checkControllers(values.controllers);
  refuseVersions(values);
  const limits = metricLimits(values);
  const ofControllers = controllerOptions(values);
  const gates = await featureGatesOf(values["feature-gates"]);
  const signing = signingOf(values);
  const caFile = values["root-ca-file"];
  const keyFile = values["service-account-private-key-file"];
  const signToken = keyFile ? await signerOf(readFlagFile("service-account-private-key-file", keyFile)) : undefined;
  const autoscaling = autoscalingOf(values);
  const remote = connect("kube-controller-manager", values);
  const rootCa = caFile ? readFlagFile("root-ca-file", caFile) : remote.serverCa;
  tellInert(flags, parsed, remote.log);
  await runManager(remote, "kube-controller-manager", {
    values,
    limits,
    work: (base) => {
      gates?.record(base.metrics);
      return runControllerManager(base, {
        names: values.controllers,
        ...(rootCa ? { rootCa } : {}),
        ...(signing ? { signing } : {}),
        ...(signToken ? { signToken } : {}),
        ...(values["cluster-cidr"] ? { clusterCidr: values["cluster-cidr"] } : {}),
        ...(values["use-service-account-credentials"] ? { transportOf: remote.accountTransport } : {}),
        ...(gates ? { featureEnabled: (gate: string) => gates.enabled(gate) } : {}),
        options: {
          ...binderOptionsOf(values),
          ...ofControllers,
          "terminated-pod-gc-threshold": values["terminated-pod-gc-threshold"],
          legacyTokenCleanUpPeriodMs: values["legacy-service-account-token-clean-up-period"],
          horizontalPodAutoscaler: autoscaling,
          ...(values["service-cluster-ip-range"] ? { serviceCidr: values["service-cluster-ip-range"] } : {}),
        },
      });
    },
  });
  return 0;
}

const binderOptionsOf = (values: FlagValues<typeof flags>) => ({
  "persistentvolume-binder-controller": {
    ...(values["enable-hostpath-provisioner"] ? provisioningVolumes : localVolumes)[
      "persistentvolume-binder-controller"
    ],
    recycler: {
      hostPath: {
        minimumSeconds: values["pv-recycler-minimum-timeout-hostpath"],
        incrementSeconds: values["pv-recycler-timeout-increment-hostpath"],
      },
      nfs: {
        minimumSeconds: values["pv-recycler-minimum-timeout-nfs"],
        incrementSeconds: values["pv-recycler-increment-timeout-nfs"],
      },
    },
  },
});

function autoscalingOf(values: FlagValues<typeof flags>): HorizontalPodAutoscalerSettings {
  const text = values["horizontal-pod-autoscaler-tolerance"];
  const tolerance = Number(text);
  if (text.trim() === "" || !(tolerance >= 0))
    throw new FlagError(
      `--horizontal-pod-autoscaler-tolerance must be a number from 0 up, not ${JSON.stringify(text)}`,
    );
  return {
    tolerance,
    syncPeriodMs: values["horizontal-pod-autoscaler-sync-period"],
    downscaleStabilizationMs: values["horizontal-pod-autoscaler-downscale-stabilization"],
    cpuInitializationPeriodMs: values["horizontal-pod-autoscaler-cpu-initialization-period"],
    initialReadinessDelayMs: values["horizontal-pod-autoscaler-initial-readiness-delay"],
  };
}

async function signerOf(signingKey: string): Promise<NonNullable<ControllerSettings["signToken"]>> {
  const { createTokenIssuer } = await import("../../server/node/index.ts");
  return createTokenIssuer({ issuers: ["kubernetes/serviceaccount"], signingKey }).sign;
}

/** As upstream, nothing is signed when one of the two files is missing. */
/** Before anything is started: a misspelt name would only show when this process leads. */
async function checkControllers(names: readonly string[]): Promise<void> {
  const { chooseControllers } = await import("../../controllers/index.ts");
  try {
    chooseControllers(names);
  } catch (error) {
    throw new FlagError(`--controllers: ${(error as Error).message}`);
  }
}
