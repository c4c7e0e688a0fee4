// Which level and version of the Pod Security Standards a namespace asks for. Upstream: pod-security-admission's api/helpers.go.
// An invalid label never loosens enforcement: it counts as the latest restricted policy there, and as privileged for audit and warn.
import type { FieldError } from "../../../../machinery/index.ts";
import { field } from "../../../../machinery/index.ts";

export const levels = ["privileged", "baseline", "restricted"] as const;
export type Level = (typeof levels)[number];

/** The minor of `v1.<minor>`; Infinity is `latest`. */
export type PolicyVersion = number;
export const latest: PolicyVersion = Number.POSITIVE_INFINITY;

export interface LevelVersion {
  readonly level: Level;
  readonly version: PolicyVersion;
}

export interface Policy {
  readonly enforce: LevelVersion;
  readonly audit: LevelVersion;
  readonly warn: LevelVersion;
}

export const modes = ["enforce", "audit", "warn"] as const;
export type Mode = (typeof modes)[number];

export const labelPrefix = "pod-security.kubernetes.io/";
export const levelError = `must be one of ${levels.join(", ")}`;
export const versionError = 'must be "latest" or "v1.x"';

export const versionText = (version: PolicyVersion): string => (version === latest ? "latest" : `v1.${version}`);
export const policyText = ({ level, version }: LevelVersion): string => `${level}:${versionText(version)}`;

/** Undefined for what is none. */
export const parseLevel = (text: string): Level | undefined => levels.find((level) => level === text);

/** Undefined for what is none. */
export function parseVersion(text: string): PolicyVersion | undefined {
  if (text === "latest") return latest;
  const match = /^v1\.([0-9]|[1-9][0-9]*)$/.exec(text);
  return match === null ? undefined : Number(match[1]);
}

/** Above zero when the first is stricter. */
export const compareLevels = (a: Level, b: Level): number => levels.indexOf(a) - levels.indexOf(b);

export const samePolicy = (a: LevelVersion, b: LevelVersion): boolean => a.level === b.level && a.version === b.version;

export const fullyPrivileged = (policy: Policy): boolean => modes.every((mode) => policy[mode].level === "privileged");

/** Two that are privileged are the same whatever their versions say. */
export const equivalent = (a: Policy, b: Policy): boolean =>
  modes.every(
    (mode) => (a[mode].level === "privileged" && b[mode].level === "privileged") || samePolicy(a[mode], b[mode]),
  );

/** The policy of a namespace with these labels, and what is wrong with them. */
export function policyOf(
  labels: Readonly<Record<string, string>> | undefined,
  defaults: Policy,
): { readonly policy: Policy; readonly errors: readonly FieldError[] } {
  if (labels === undefined || Object.keys(labels).length === 0) return { policy: defaults, errors: [] };
  const errors: FieldError[] = [];
  const read = <T>(name: string, parse: (text: string) => T | undefined, texts: ReadTexts<T>): T => {
    const key = labelPrefix + name;
    const text = labels[key];
    if (text === undefined) return texts.absent;
    const value = parse(text);
    if (value !== undefined) return value;
    errors.push(field.invalid(`metadata.labels[${key}]`, text, texts.error));
    return texts.wrong;
  };
  const readMode = (mode: Mode): LevelVersion => ({
    level: read(mode, parseLevel, {
      absent: defaults[mode].level,
      wrong: mode === "enforce" ? "restricted" : "privileged",
      error: levelError,
    }),
    version: read(`${mode}-version`, parseVersion, {
      absent: defaults[mode].version,
      wrong: latest,
      error: versionError,
    }),
  });
  const policy = { enforce: readMode("enforce"), audit: readMode("audit"), warn: readMode("warn") };
  return { policy: { ...policy, warn: warnOf(labels, policy) }, errors };
}

interface ReadTexts<T> {
  readonly absent: T;
  readonly wrong: T;
  readonly error: string;
}

/** Who asks for a strict level to be enforced and says nothing about warnings is warned by that level too. */
function warnOf(labels: Readonly<Record<string, string>>, { enforce, warn }: Policy): LevelVersion {
  const asked = labels[`${labelPrefix}enforce`];
  if (asked === undefined || parseLevel(asked) === undefined || labels[`${labelPrefix}warn`] !== undefined) return warn;
  if (compareLevels(enforce.level, warn.level) <= 0) return warn;
  return labels[`${labelPrefix}warn-version`] === undefined ? enforce : { level: enforce.level, version: warn.version };
}
