// Runs the admission plugins: all mutating parts in the list's order, later all validating parts in the same order.
import type { Clock } from "../../base/index.ts";
import type { KubeObject } from "../../machinery/index.ts";
import { warn } from "../context.ts";
import type { AdmissionChain, AdmissionInput, RequestContext, ServedResource } from "../core.ts";
import type { AdmissionMetrics } from "../metrics.ts";
import type { AdmissionAttributes, AdmissionOperation, AdmissionPlugin, Reinvocation } from "./contract.ts";

export type { AdmissionChain, AdmissionInput };

/** What a plugin took, for metrics. */
export interface AdmissionTimes {
  readonly clock: Clock;
  readonly metrics: AdmissionMetrics;
}

export function createAdmissionChain(plugins: readonly AdmissionPlugin[], times?: AdmissionTimes): AdmissionChain {
  const mutating = plugins.filter((plugin) => plugin.admit !== undefined);
  const validating = plugins.filter((plugin) => plugin.validate !== undefined);
  return {
    pluginNames: plugins.map((plugin) => plugin.name),
    attributes: attributesOf,
    async admit(attributes) {
      await run({ plugins: mutating, type: "admit", times }, attributes);
      const reinvocation = attributes.reinvocation as MutableReinvocation;
      if (!reinvocation.requested) return;
      reinvocation.again = true;
      await run({ plugins: mutating, type: "admit", times }, attributes);
    },
    validate: (attributes) => run({ plugins: validating, type: "validate", times }, attributes),
    async start() {
      for (const plugin of plugins) if (plugin.start !== undefined) await startOne(plugin);
    },
    close() {
      for (const plugin of plugins) plugin.close?.();
    },
  };
}

async function startOne(plugin: AdmissionPlugin): Promise<void> {
  try {
    await plugin.start!();
  } catch (error) {
    throw new Error(`failed to initialize admission plugin "${plugin.name}": ${(error as Error).message}`, {
      cause: error,
    });
  }
}

interface Pass {
  readonly plugins: readonly AdmissionPlugin[];
  readonly type: "admit" | "validate";
  readonly times: AdmissionTimes | undefined;
}

/** Every write comes here twice: nothing is made that most passes do not need. */
async function run({ plugins, type, times }: Pass, attributes: AdmissionAttributes): Promise<void> {
  const begunMs = times?.clock.monotonic() ?? 0;
  const { operation } = attributes;
  let sinceMs = begunMs;
  let current = "";
  try {
    for (let index = 0; index < plugins.length; index++) {
      const plugin = plugins[index]!;
      if (!plugin.handles(attributes)) continue;
      current = plugin.name;
      const pending = plugin[type]!(attributes);
      if (pending !== undefined) await pending;
      if (times === undefined) continue;
      const nowMs = times.clock.monotonic();
      times.metrics.plugin(current, { operation, rejected: false, type }, nowMs - sinceMs);
      sinceMs = nowMs;
    }
  } catch (error) {
    if (times !== undefined) {
      const nowMs = times.clock.monotonic();
      if (current !== "") times.metrics.plugin(current, { operation, rejected: true, type }, nowMs - sinceMs);
      times.metrics.step({ operation, rejected: true, type }, nowMs - begunMs);
    }
    throw error;
  }
  times?.metrics.step({ operation, rejected: false, type }, times.clock.monotonic() - begunMs);
}

interface MutableReinvocation extends Reinvocation {
  again: boolean;
  requested: boolean;
}

/** For attributes that are made anew for every pass. Most passes note nothing. */
class PassReinvocation implements MutableReinvocation {
  again = false;
  requested = false;
  #values: Map<string, unknown> | undefined;

  request(): void {
    this.requested = true;
  }

  get values(): Map<string, unknown> {
    return (this.#values ??= new Map());
  }
}

export const createReinvocation = (): Reinvocation => new PassReinvocation();

const attributesOf: AdmissionChain["attributes"] = (context, resource, input) =>
  new RequestAttributes(context, resource, input);

/** A Namespace is in itself, also while it is created; not when its name is still to be generated. */
function namespaceOf(kind: ServedResource["kind"], ofPath: string, { operation, object }: AdmissionInput): string {
  if (kind.namespaced || kind.resource !== "namespaces" || kind.group !== "") return kind.namespaced ? ofPath : "";
  if (operation !== "CREATE" || ofPath !== "" || object === undefined) return ofPath;
  return object.metadata.generateName ? "" : (object.metadata.name ?? "");
}

/** One class for all: two passes of every write make one each, and every plugin reads them. */
class RequestAttributes implements AdmissionAttributes {
  readonly operation: AdmissionOperation;
  readonly kind: ServedResource["kind"];
  readonly bodyKind: AdmissionAttributes["bodyKind"];
  readonly subresource: string;
  readonly namespace: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly user: RequestContext["user"];
  readonly dryRun: boolean;
  readonly reinvocation: Reinvocation = createReinvocation();
  declare readonly object?: KubeObject;
  declare readonly oldObject?: KubeObject;
  declare readonly signal?: AbortSignal;
  readonly #context: RequestContext;
  readonly #input: AdmissionInput;

  constructor(context: RequestContext, { kind }: ServedResource, input: AdmissionInput) {
    const { info, request } = context;
    this.#context = context;
    this.#input = input;
    this.operation = input.operation;
    this.kind = kind;
    this.bodyKind = input.bodyKind ?? kind;
    this.subresource = input.subresource ?? info.subresource;
    this.namespace = namespaceOf(kind, info.namespace, input);
    this.options = input.options;
    this.user = context.user;
    this.dryRun = input.dryRun;
    if (input.object !== undefined) this.object = input.object;
    if (input.oldObject !== undefined) this.oldObject = input.oldObject;
    if (request.signal !== undefined) this.signal = request.signal;
  }

  /** Read when it is asked for: creates with generateName get theirs between the two passes. */
  get name(): string {
    const input = this.#input;
    const { info } = this.#context;
    return input.name ?? (info.name !== "" ? info.name : (input.object?.metadata.name ?? ""));
  }

  warn(text: string): void {
    warn(this.#context, text);
  }

  annotate(key: string, value: string): void {
    this.#context.annotations.set(key, value);
  }
}
