// Which metrics are shown, and which values their labels may have. Upstream: component-base/metrics, options.go and api/v1/config.go.
import type { MetricLimits } from "../base/index.ts";
import { type FlagDefinitions, FlagError } from "../cli/index.ts";
import { fromYaml } from "../machinery/index.ts";
import { readFlagFile } from "./apiserver/self-signed.ts";

export const metricFlags = {
  "disabled-metrics": { type: "list", help: "names of metrics that are not shown" },
  "allow-metric-labels": {
    type: "values",
    help: "METRIC,LABEL=VALUE,…: other values of the label become `unexpected`",
  },
  "allow-metric-labels-manifest": {
    type: "string",
    help: "file with a map of METRIC,LABEL to VALUE,…; --allow-metric-labels wins",
  },
} as const satisfies FlagDefinitions;

export interface MetricValues {
  readonly "disabled-metrics": readonly string[];
  readonly "allow-metric-labels": readonly string[];
  readonly "allow-metric-labels-manifest"?: string | undefined;
}

const metricName = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const labelName = "[a-zA-Z_][a-zA-Z0-9_]*";
const metricPattern = new RegExp(`^${metricName}$`);
const keyPattern = new RegExp(`^${metricName},${labelName}$`);

/** Throws FlagError in upstream's words. */
export function metricLimits(values: MetricValues): MetricLimits {
  const disabled = values["disabled-metrics"];
  for (const name of disabled)
    if (!metricPattern.test(name))
      throw new FlagError(
        `metrics.disabledMetrics: Invalid value: ${JSON.stringify(disabled)}: must be fully qualified metric names matching ${JSON.stringify(metricPattern.source)}, got ${JSON.stringify(name)}`,
      );
  const manifest = values["allow-metric-labels-manifest"];
  const given = values["allow-metric-labels"].flatMap(pairsOf);
  if (given.length > 0 && manifest)
    throw new FlagError(
      "metrics: Invalid value: cannot specify both allowListMapping and allowListMappingManifest; give one of --allow-metric-labels and --allow-metric-labels-manifest",
    );
  const mapping = manifest ? manifestPairs(manifest) : given;
  const allowed = new Map<string, Record<string, ReadonlySet<string>>>();
  for (const [key, list] of mapping) {
    if (!keyPattern.test(key))
      throw new FlagError(
        `metrics.allowListMapping: Invalid value: ${JSON.stringify(Object.fromEntries(mapping))}: must have keys with format \`metricName,labelName\` where metricName matches ${JSON.stringify(metricName)} and labelName matches ${JSON.stringify(labelName)}`,
      );
    const [metric = "", label = ""] = key.split(",");
    allowed.set(metric, { ...allowed.get(metric), [label]: new Set(list.split(",")) });
  }
  return { disabled: new Set(disabled), allowed };
}

/** pflag's stringToString: one pair is the whole text; several are comma separated, with quotes around those that hold commas. */
function pairsOf(text: string): [string, string][] {
  const words =
    text.split("=").length === 2
      ? [text.replace(/^"(.*)"$/, "$1")]
      : [...text.matchAll(/"((?:[^"]|"")*)"|([^,]+)/g)].map(
          ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare!,
        );
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals < 0)
      throw new FlagError(
        `invalid argument ${JSON.stringify(text)} for "--allow-metric-labels" flag: ${word} must be formatted as key=value`,
      );
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function manifestPairs(path: string): [string, string][] {
  const document = fromYaml(readFlagFile("allow-metric-labels-manifest", path))[0];
  if (typeof document !== "object" || document === null)
    throw new FlagError(`${path}: failed to parse allow list manifest: it is no map of METRIC,LABEL to VALUE,…`);
  return Object.entries(document).map(([key, value]) => [key, String(value ?? "")]);
}
