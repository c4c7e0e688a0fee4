// Lifecycle hooks: postStart and preStop. Upstream: pkg/kubelet/lifecycle/handlers.go.

import type { Container, LifecycleHandler, Pod } from "../../api/index.ts";
import { errorText, sleep } from "../../base/index.ts";
import type { KubeletContext } from "../context.ts";
import { podText } from "../pod.ts";
import { httpTarget, portNumber } from "../probes/target.ts";

export interface HookRequest {
  readonly pod: Pod;
  readonly container: Container;
  readonly containerId: string;
  readonly handler: LifecycleHandler;
  readonly podIp: string | undefined;
  readonly signal?: AbortSignal;
}

/** Rejects with upstream's text. */
export async function runHook(context: KubeletContext, request: HookRequest): Promise<void> {
  const { pod, container, handler } = request;
  const where = `for Container ${JSON.stringify(container.name)} in Pod ${JSON.stringify(podText(pod))} failed - error:`;
  if (handler.exec !== undefined) return runExec(context, request, where);
  if (handler.httpGet !== undefined) {
    try {
      await runHttp(context, request);
    } catch (error) {
      throw new Error(`HTTP lifecycle hook (${handler.httpGet.path ?? ""}) ${where} ${errorText(error)}`);
    }
    return;
  }
  if (handler.sleep !== undefined) {
    await sleep(context.clock, handler.sleep.seconds * 1000, request.signal);
    return;
  }
  throw new Error(`Cannot run handler: invalid handler: ${JSON.stringify(handler)}`);
}

async function runExec(context: KubeletContext, { handler, containerId }: HookRequest, where: string): Promise<void> {
  const command = handler.exec?.command ?? [];
  let failure: string;
  let output = "";
  try {
    const result = await context.runtime.execSync(containerId, command, 0);
    if (result.exitCode === 0) return;
    output = new TextDecoder().decode(result.stdout) + new TextDecoder().decode(result.stderr);
    failure = `command '${command.join(" ")}' exited with ${result.exitCode}: ${new TextDecoder().decode(result.stderr)}`;
  } catch (error) {
    failure = errorText(error);
  }
  throw new Error(
    `Exec lifecycle hook ([${command.join(" ")}]) ${where} ${failure}, message: ${JSON.stringify(output)}`,
  );
}

const hookTimeoutMs = 120_000;

async function runHttp(context: KubeletContext, { handler, container, podIp }: HookRequest): Promise<void> {
  const action = handler.httpGet!;
  const host = action.host || podIp;
  if (host === undefined) throw new Error("failed to find networking container");
  portNumber(action.port, container);
  const target = httpTarget(action, container, { host, userAgent: "kube-lifecycle/1.36" });
  const answer = await context.host.probes.http({ ...target, timeoutMs: hookTimeoutMs });
  // Any answer will do, as upstream has it: only a request that cannot be made is a failure.
  if (answer.result === "unknown") throw new Error(answer.error);
  if (answer.result === "failure" && !answer.output.startsWith("HTTP probe failed with statuscode"))
    throw new Error(answer.output);
}
