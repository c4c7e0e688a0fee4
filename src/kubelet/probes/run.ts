// One run of a probe. Upstream: pkg/kubelet/prober/prober.go, pkg/probe/exec.

import type { Container, Pod, Probe } from "../../api/index.ts";
import { errorText } from "../../base/index.ts";
import { RuntimeError } from "../../runtime/index.ts";
import { type KubeletContext, rpcText } from "../context.ts";
import { expand } from "../env/expand.ts";
import type { ProbeAnswer } from "../host.ts";
import { podText } from "../pod.ts";
import { durationText } from "../sync/backoff.ts";
import { httpTarget, portNumber } from "./target.ts";

export interface ProbeTarget {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly podIp: string;
  readonly probe: Probe;
}

const longestOutput = 10 * 1024;
const tries = 3;

/** Never rejects. */
export async function runProbe(context: KubeletContext, target: ProbeTarget): Promise<ProbeAnswer> {
  let answer: ProbeAnswer = { result: "unknown", error: "" };
  for (let tried = 0; tried < tries; tried++) {
    try {
      answer = await probeOnce(context, target);
    } catch (error) {
      answer = { result: "unknown", error: errorText(error) };
    }
    if (answer.result !== "unknown") return answer;
  }
  return answer;
}

async function probeOnce(context: KubeletContext, target: ProbeTarget): Promise<ProbeAnswer> {
  const { probe, container, podIp, pod } = target;
  const timeoutMs = (probe.timeoutSeconds ?? 1) * 1000;
  if (probe.exec !== undefined) return execProbe(context, target, timeoutMs / 1000);
  if (probe.httpGet !== undefined) {
    const { url, headers } = httpTarget(probe.httpGet, container, {
      host: probe.httpGet.host || podIp,
      userAgent: "kube-probe/1.36",
    });
    return context.host.probes.http({ url, headers, timeoutMs });
  }
  if (probe.tcpSocket !== undefined)
    return context.host.probes.tcp({
      host: probe.tcpSocket.host || podIp,
      port: portNumber(probe.tcpSocket.port, container),
      timeoutMs,
    });
  if (probe.grpc !== undefined)
    return context.host.probes.grpc({
      host: podIp,
      port: probe.grpc.port,
      service: probe.grpc.service ?? "",
      timeoutMs,
    });
  return { result: "unknown", error: `missing probe handler for ${podText(pod)}:${container.name}` };
}

async function execProbe(context: KubeletContext, target: ProbeTarget, timeoutSeconds: number): Promise<ProbeAnswer> {
  const env = new Map(
    (target.container.env ?? [])
      .filter((each) => each.valueFrom === undefined)
      .map((each) => [each.name, each.value ?? ""]),
  );
  const command = (target.probe.exec?.command ?? []).map((word) => expand(word, (name) => env.get(name)));
  try {
    const { stdout, stderr, exitCode } = await context.runtime.execSync(target.containerId, command, timeoutSeconds);
    const output = new TextDecoder().decode(concat(stdout, stderr).subarray(0, longestOutput));
    return { result: exitCode === 0 ? "success" : "failure", output };
  } catch (error) {
    if (error instanceof RuntimeError && error.code === "DEADLINE_EXCEEDED")
      return {
        result: "failure",
        output: `command timed out: ${JSON.stringify(command.join(" "))} timed out after ${durationText(timeoutSeconds * 1000)}`,
      };
    return { result: "unknown", error: rpcText(error) };
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}
