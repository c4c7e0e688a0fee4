// Probes and lifecycle hooks.
import type {
  ContainerRestartRule,
  HTTPGetAction,
  Lifecycle,
  LifecycleHandler,
  PodOS,
  Probe,
} from "../../../../facts/types/core.v1.ts";
import { field, httpHeaderName, type IntOrString, portName } from "../../../machinery/index.ts";
import {
  type Check,
  child,
  type Findings,
  item,
  notNegative,
  oneOf,
  portNumber,
  visit,
  worthChecking,
} from "../validate.ts";

export const portNumberOrName: Check<IntOrString | undefined> = (port = 0, at, found) => {
  if (typeof port === "number") portNumber(port, at, found);
  else for (const text of portName(port)) found.push(field.invalid(at, port, text));
};

const scheme = oneOf("HTTP", "HTTPS");

const httpGet: Check<HTTPGetAction> = (action, at, found) => {
  if (!action.path) found.push(field.required(child(at, "path")));
  portNumberOrName(action.port, child(at, "port"), found);
  scheme(action.scheme, child(at, "scheme"), found);
  visit(action.httpHeaders, found, ({ name = "" }) => {
    for (const text of httpHeaderName(name)) found.push(field.invalid(child(at, "httpHeaders"), name, text));
  });
};

type Handler = Pick<Probe, "exec" | "httpGet" | "tcpSocket" | "grpc"> & Pick<LifecycleHandler, "sleep">;

/** `graceSeconds` bounds how long a hook may sleep. */
function handlers(graceSeconds: number | undefined): {
  readonly [K in keyof Handler]-?: Check<NonNullable<Handler[K]>>;
} {
  return {
    exec: ({ command = [] }, at, found) => {
      if (command.length === 0) found.push(field.required(child(at, "command")));
    },
    httpGet,
    tcpSocket: ({ port }, at, found) => portNumberOrName(port, child(at, "port"), found),
    grpc: ({ port }, at, found) => portNumberOrName(port, child(at, "port"), found),
    sleep: ({ seconds = 0 }, at, found) => {
      if (graceSeconds !== undefined && (seconds < 0 || seconds > graceSeconds))
        found.push(
          field.invalid(
            at,
            seconds,
            `must be non-negative and less than terminationGracePeriodSeconds (${graceSeconds})`,
          ),
        );
    },
  };
}

/** The names that a place allows, and how each is checked. */
interface Handlers {
  readonly names: readonly (keyof Handler)[];
  readonly checks: ReturnType<typeof handlers>;
}

/** Exactly one handler of those that the caller names. */
const handler =
  ({ names, checks }: Handlers): Check<Handler> =>
  (value, at, found) => {
    let count = 0;
    for (const name of names) {
      if (value[name] === undefined) continue;
      count++;
      if (count > 1) found.push(field.forbidden(child(at, name), "may not specify more than 1 handler type"));
      else (checks[name] as Check<unknown>)(value[name], child(at, name), found);
    }
    if (count === 0) found.push(field.required(at, "must specify a handler type"));
  };

const numbers = [
  "initialDelaySeconds",
  "timeoutSeconds",
  "periodSeconds",
  "successThreshold",
  "failureThreshold",
] as const;

const probeHandler = handler({ names: ["exec", "httpGet", "tcpSocket", "grpc"], checks: handlers(undefined) });

export type ProbeKind = "livenessProbe" | "readinessProbe" | "startupProbe";

/** The probe in the field `kind`. */
export const probe =
  (kind: ProbeKind): Check<Probe | undefined> =>
  (value, at, found) => {
    if (value === undefined) return;
    probeHandler(value, at, found);
    for (const name of numbers) notNegative(value[name], child(at, name), found);
    const grace = value.terminationGracePeriodSeconds;
    if (grace !== undefined && grace <= 0)
      found.push(field.invalid(child(at, "terminationGracePeriodSeconds"), grace, "must be greater than 0"));
    if (kind !== "readinessProbe") {
      if (value.successThreshold !== 1)
        found.push(field.invalid(child(at, "successThreshold"), value.successThreshold ?? 0, "must be 1"));
    } else if (grace !== undefined)
      found.push(
        field.invalid(child(at, "terminationGracePeriodSeconds"), grace, "must not be set for readinessProbes"),
      );
  };

const plainSignals = [
  "SIGABRT",
  "SIGALRM",
  "SIGBUS",
  "SIGCHLD",
  "SIGCLD",
  "SIGCONT",
  "SIGFPE",
  "SIGHUP",
  "SIGILL",
  "SIGINT",
  "SIGIO",
  "SIGIOT",
  "SIGKILL",
  "SIGPIPE",
  "SIGPOLL",
  "SIGPROF",
  "SIGPWR",
  "SIGQUIT",
  "SIGSEGV",
  "SIGSTKFLT",
  "SIGSTOP",
  "SIGSYS",
  "SIGTERM",
  "SIGTRAP",
  "SIGTSTP",
  "SIGTTIN",
  "SIGTTOU",
  "SIGURG",
  "SIGUSR1",
  "SIGUSR2",
  "SIGVTALRM",
  "SIGWINCH",
  "SIGXCPU",
  "SIGXFSZ",
  "SIGRTMIN",
  "SIGRTMAX",
];
const linuxSignals = [
  ...plainSignals,
  ...Array.from({ length: 15 }, (_, index) => `SIGRTMIN+${index + 1}`),
  ...Array.from({ length: 14 }, (_, index) => `SIGRTMAX-${index + 1}`),
].sort();

const stopSignal =
  (os: PodOS | undefined): Check<string> =>
  (signal, at, found) => {
    if (os === undefined) found.push(field.forbidden(at, "may not be set for containers with empty `spec.os.name`"));
    else if (os.name === "windows") oneOf("SIGKILL", "SIGTERM")(signal, at, found);
    else if (os.name === "linux") oneOf(...linuxSignals)(signal, at, found);
  };

const hookHandlers = ["exec", "httpGet", "tcpSocket", "sleep"] as const;

export const lifecycle =
  (graceSeconds: number | undefined, os: PodOS | undefined): Check<Lifecycle> =>
  (value, at, found) => {
    for (const name of ["postStart", "preStop"] as const) {
      const hook = value[name];
      if (hook !== undefined)
        handler({ names: hookHandlers, checks: handlers(graceSeconds) })(hook, child(at, name), found);
    }
    if (value.stopSignal !== undefined) stopSignal(os)(value.stopSignal, child(at, "stopSignal"), found);
  };

interface Restarting {
  readonly restartPolicy?: string;
  readonly restartPolicyRules?: readonly ContainerRestartRule[];
}

const restartRule: Check<ContainerRestartRule> = (rule, at, found) => {
  oneOf("Restart", "RestartAllContainers")(rule.action, child(at, "action"), found);
  if (rule.exitCodes === undefined) {
    found.push(field.required(child(at, "exitCodes"), "must be specified"));
    return;
  }
  const codes = child(at, "exitCodes");
  oneOf("In", "NotIn")(rule.exitCodes.operator, child(codes, "operator"), found);
  const count = rule.exitCodes.values?.length ?? 0;
  if (count > 255) found.push(field.tooMany(child(codes, "values"), count, 255));
};

/** A container's own restart policy and rules (KEP-5307). */
export function restartPolicy(container: Restarting, at: string, found: Findings): void {
  const { restartPolicy: policy, restartPolicyRules: rules = [] } = container;
  const path = child(at, "restartPolicy");
  if (policy === undefined) {
    if (rules.length === 0) return;
    found.push(field.required(path, "must specify restartPolicy when restart rules are used"));
  } else oneOf("Always", "Never", "OnFailure")(policy, path, found);
  const list = child(at, "restartPolicyRules");
  if (rules.length > 20) found.push(field.tooMany(list, rules.length, 20));
  for (const [index, rule] of worthChecking(rules, found)) restartRule(rule, item(list, index), found);
}
