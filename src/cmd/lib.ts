// What the commands share: the flags that name a cluster, help, log output, signals.
import process from "node:process";
import { createLogger, formatRecord, type Logger, type LogLevel, systemClock } from "../base/index.ts";
import { describeFlags, type FlagDefinitions, FlagError, type ParsedFlags, parseFlags } from "../cli/index.ts";
import { type ClusterLayout, clusterLayout, defaultDataDirectory } from "../cluster/index.ts";
import { kubernetesVersion, versionInfo } from "../machinery/index.ts";

export const clusterFlags = {
  name: { type: "string", help: "name of the cluster", default: "default" },
  "data-dir": { type: "string", help: "directory that holds the clusters' data", default: defaultDataDirectory() },
} as const satisfies FlagDefinitions;

export const layoutOf = (values: { readonly name: string; readonly "data-dir": string }): ClusterLayout =>
  clusterLayout(values.name, values["data-dir"]);

/** Parses a command's flags; prints help and yields undefined when that was asked for. Words that are no flags are refused. */
export function readFlags<const D extends FlagDefinitions>(
  command: { readonly name: string; readonly about: string; readonly flags: D },
  words: readonly string[],
): ParsedFlags<D> | undefined {
  if (words.includes("--help") || words.includes("-h")) {
    process.stdout.write(
      `${command.about}\n\nUsage: t8s ${command.name} [flags]\n\nFlags:\n${describeFlags(command.flags)}`,
    );
    return undefined;
  }
  const parsed = parseFlags(command.flags, words);
  if (parsed.positional.length > 0) throw new FlagError(`unexpected argument ${JSON.stringify(parsed.positional[0])}`);
  const version = (parsed.values as { readonly version?: string }).version;
  const text = version === undefined ? undefined : versionText(version);
  if (text === undefined) return parsed;
  process.stdout.write(`${text}\n`);
  return undefined;
}

/** What `--version` prints, as upstream's; undefined for "do not". Upstream: component-base/version/verflag. */
function versionText(value: string): string | undefined {
  const wrong = (why: string) =>
    new FlagError(`invalid argument ${JSON.stringify(value)} for "--version" flag: ${why}`);
  if (value === "raw") return rawVersion();
  if (value.startsWith("v")) {
    const [, release] = /^v(\d+\.\d+\.\d+)(?:[-+][0-9A-Za-z.+-]+)?$/.exec(value) ?? [];
    if (release === undefined) throw wrong(`could not parse ${JSON.stringify(value)} as version`);
    if (`v${release}` !== kubernetesVersion)
      throw wrong(
        `version ${JSON.stringify(value)} must match major/minor/patch of default version ${JSON.stringify(kubernetesVersion)}`,
      );
    return undefined;
  }
  const print = { ...booleans }[value];
  if (print === undefined) throw wrong(`strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`);
  return print ? `Kubernetes ${kubernetesVersion}` : undefined;
}

const booleans: Readonly<Record<string, boolean>> = Object.fromEntries([
  ...["1", "t", "T", "true", "TRUE", "True"].map((each) => [each, true] as const),
  ...["0", "f", "F", "false", "FALSE", "False"].map((each) => [each, false] as const),
]);

const rawVersion = (): string => {
  const fields = Object.entries(versionInfo).map(
    ([name, value]) => `${name[0]!.toUpperCase()}${name.slice(1)}:${JSON.stringify(value)}`,
  );
  return `version.Info{${fields.join(", ")}}`;
};

/** klog's verbosity on our levels: 0 and 1 are information, 4 and more are debugging. */
export const levelOf = (verbosity: number): LogLevel => (verbosity >= 4 ? "debug" : "info");

export const processLogger = (component: string, level: LogLevel | (() => LogLevel)): Logger =>
  createLogger({
    clock: systemClock,
    component,
    level,
    write: (record) => process.stderr.write(`${formatRecord(record)}\n`),
  });

/** Signals that come within this time are one: a terminal sends Ctrl-C to every process between it and us, and they pass it on. */
const oneSignalMs = 1000;

/** Aborts on the first SIGINT, SIGTERM or SIGHUP; a later one ends the process at once. */
export function stopSignal(): AbortSignal {
  const controller = new AbortController();
  let firstMs = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => {
      if (!controller.signal.aborted) {
        firstMs = systemClock.monotonic();
        controller.abort(new Error(`stopped by ${name}`));
      } else if (systemClock.monotonic() - firstMs > oneSignalMs) process.exit(130);
    });
  return controller.signal;
}
