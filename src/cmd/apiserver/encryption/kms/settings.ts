// The `kms` provider of an EncryptionConfiguration. Upstream: apiserver's apis/apiserver/validation/validation_encryption.go, v1/defaults.go.
import { parseGoDuration } from "../../../../machinery/index.ts";

export interface KmsSettings {
  readonly kms: {
    readonly name: string;
    readonly endpoint: string;
    readonly apiVersion: string;
    readonly timeoutMs: number;
    /** v1 alone. */
    readonly cacheSize: number | undefined;
  };
}

type Part = Readonly<Record<string, unknown>>;

/** With upstream's defaults. Throws Error when the timeout is no span of time. */
export function kmsSettings(part: Part): KmsSettings {
  const text = (name: string): string => (part[name] === undefined || part[name] === null ? "" : String(part[name]));
  const apiVersion = text("apiVersion") || "v1";
  const given = part["cachesize"];
  const cacheSize = typeof given === "number" ? given : apiVersion === "v1" ? 1000 : undefined;
  const timeoutMs = text("timeout") === "" ? 3000 : parseGoDuration(text("timeout"));
  return { kms: { name: text("name"), endpoint: text("endpoint"), apiVersion, timeoutMs, cacheSize } };
}

export interface KmsPlace {
  readonly at: string;
  /** Names of providers before this one. */
  readonly names: ReadonlySet<string>;
  readonly reload: boolean;
  /** The timeout as it was written or defaulted. */
  readonly timeout: string;
}

/** In upstream's words and order. */
export function* kmsProblems({ kms }: KmsSettings, { at, names, reload, timeout }: KmsPlace): Iterable<string> {
  const { name, endpoint, apiVersion, timeoutMs, cacheSize } = kms;
  const invalid = (field: string, value: unknown, why: string): string =>
    `${at}.${field}: Invalid value: ${JSON.stringify(value)}: ${why}`;
  if (name === "") yield `${at}.name: Required value: name is a mandatory field for a provider`;
  if (apiVersion !== "v1" && name.includes(":"))
    yield invalid("name", name, `invalid KMS provider name ${name}, must not contain ':'`);
  if ((reload || apiVersion !== "v1") && names.has(name))
    yield invalid("name", name, `duplicate KMS provider name ${name}, names must be unique`);
  if (timeoutMs <= 0) yield invalid("timeout", timeout, "timeout should be a positive value");
  const why = endpointProblem(endpoint);
  if (why !== undefined) yield invalid("endpoint", endpoint, why);
  if (apiVersion !== "v1" && cacheSize !== undefined)
    yield invalid("cachesize", cacheSize, "cachesize is not supported in v2");
  if (apiVersion === "v1" && cacheSize === 0)
    yield invalid("cachesize", cacheSize, "cachesize should be a positive value, or negative to disable");
  if (apiVersion !== "v1" && apiVersion !== "v2")
    yield invalid(
      "apiVersion",
      apiVersion,
      "unsupported apiVersion apiVersion for KMS provider, only v1 and v2 are supported",
    );
}

function endpointProblem(endpoint: string): string | undefined {
  if (endpoint === "") return "endpoint is a mandatory field for a kms";
  const unreadable = urlProblem(endpoint);
  if (unreadable !== undefined)
    return `invalid endpoint for kms provider, error: parse ${JSON.stringify(endpoint)}: ${unreadable}`;
  const scheme = (/^([a-zA-Z][a-zA-Z0-9+.-]*):/.exec(endpoint)?.[1] ?? "").toLowerCase();
  return scheme === "unix"
    ? undefined
    : `unsupported scheme ${JSON.stringify(scheme)} for KMS provider, only unix is supported`;
}

/** Why Go's url.Parse does not take it. */
function urlProblem(text: string): string | undefined {
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code < 32 || code === 127) return "net/url: invalid control character in URL";
  }
  if (text.startsWith(":")) return "missing protocol scheme";
  const broken = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(text)?.[0];
  return broken === undefined ? undefined : `invalid URL escape ${JSON.stringify(broken)}`;
}
