// What can not be meant on the API server's command line, all of it at once, in upstream's words and order.
// Upstream: Validate of apiserver's server/options, pkg/controlplane/apiserver/options, cmd/kube-apiserver/app/options.
import { FlagError } from "../../cli/index.ts";
import { compileGoPattern } from "../../machinery/regexp/index.ts";
import { versionProblems } from "../gate-flags.ts";
import { metricLimits } from "../metric-flags.ts";
import { type AuthenticationValues, authenticationProblems } from "./authentication/flags.ts";
import { type AuthorizationValues, authorizationProblems } from "./authorization/flags.ts";
import { sameAuthority } from "./flag-files.ts";
import type { AdmissionValues, ServerValues } from "./server-flags.ts";

interface Values extends ServerValues, AdmissionValues, AuthenticationValues, AuthorizationValues {
  readonly "client-ca-file"?: string | undefined;
  readonly "requestheader-client-ca-file"?: string | undefined;
  readonly "requestheader-allowed-names": readonly string[];
  readonly "requestheader-username-headers": readonly string[];
  readonly "requestheader-group-headers": readonly string[];
  readonly "requestheader-extra-headers-prefix": readonly string[];
  readonly "apiserver-count"?: number | undefined;
  readonly "enable-priority-and-fairness": boolean;
  readonly "goaway-chance": string;
  readonly "max-mutating-requests-inflight": number;
  readonly "max-requests-inflight": number;
  readonly "min-request-timeout": number;
  readonly "request-timeout": number;
  readonly "runtime-config": readonly string[];
  readonly "secure-port": number;
  readonly "service-account-issuer": readonly string[];
  readonly "service-account-max-token-expiration"?: number | undefined;
  readonly "service-cluster-ip-range": string;
  readonly "service-node-port-range": string;
  readonly "shutdown-delay-duration": number;
}

/** Throws FlagError with everything that is wrong. `given`: names of the flags that are on the command line. */
export function validateFlags(values: Values, given: ReadonlySet<string> = new Set()): void {
  checkTokenLife(values["service-account-max-token-expiration"] ?? 0);
  const problems = [
    ...negatives(values),
    ...transportProblems(values["strict-transport-security-directives"]),
    ...originProblems(values["cors-allowed-origins"]),
    ...versionProblems(values),
    ...encryptionProblems(values),
    ...fairnessProblems(values),
    ...portProblems(values["secure-port"]),
    ...authenticationProblems(values, given),
    ...issuerProblems(values),
    ...requestHeaderProblems(values),
    ...authorizationProblems(values, given),
    ...admissionProblems(values),
    ...metricProblems(values),
    ...rangeProblems(values["service-cluster-ip-range"]),
    ...nodePortProblems(values),
    ...countProblems(values["apiserver-count"]),
  ];
  if (problems.length > 0) throw new FlagError(problems.length === 1 ? problems[0]! : `[${problems.join(", ")}]`);
}

const hourMs = 3_600_000;

function checkTokenLife(ms: number): void {
  if (ms !== 0 && (ms < hourMs || ms > 2 ** 32 * 1000))
    throw new FlagError("the service-account-max-token-expiration must be between 1 hour and 2^32 seconds");
}

function* negatives(values: Values): Iterable<string> {
  if (values["livez-grace-period"] < 0) yield "--livez-grace-period can not be a negative value";
  for (const name of ["max-requests-inflight", "max-mutating-requests-inflight", "request-timeout"] as const)
    if (values[name] < 0) yield `--${name} can not be negative value`;
  const chance = Number(values["goaway-chance"]);
  if (chance < 0 || chance > 0.02) yield "--goaway-chance can not be less than 0 or greater than 0.02";
  for (const name of ["min-request-timeout", "shutdown-delay-duration"] as const)
    if (values[name] < 0) yield `--${name} can not be negative value`;
  // Upstream takes these and keeps no event, or every one for ever.
  if (values["event-ttl"] < 1000) yield "--event-ttl must be at least 1s";
}

function* transportProblems(directives: readonly string[]): Iterable<string> {
  for (const directive of directives) {
    if (directive.trim() === "") yield "empty value in strict-transport-security-directives";
    else if (directive !== "includeSubDomains" && directive !== "preload" && !/^max-age=[^=]*$/.test(directive))
      yield "--strict-transport-security-directives invalid, allowed values: max-age=expireTime, includeSubDomains, preload. see https://tools.ietf.org/html/rfc6797#section-6.1 for more information";
  }
}

function* originProblems(patterns: readonly string[]): Iterable<string> {
  for (const pattern of patterns) {
    const why = patternProblem(pattern);
    if (why !== undefined)
      yield `--cors-allowed-origins has an invalid regular expression: ${why}, help: an expression has to match the whole host: '^' or '//' before it, '$' or ':' behind it, as in '//example\\.com(:|$)'`;
  }
}

function patternProblem(pattern: string): string | undefined {
  try {
    compileGoPattern(pattern);
  } catch (error) {
    return (error as Error).message;
  }
  const pinned = /\^|\/\//.test(pattern) && /[$:]/.test(pattern);
  return pinned ? undefined : "regular expression does not pin to start/end of host in the origin header";
}

function* encryptionProblems(values: Values): Iterable<string> {
  if (values["encryption-provider-config-automatic-reload"] && !values["encryption-provider-config"])
    yield "--encryption-provider-config-automatic-reload must be set with --encryption-provider-config";
}

function* fairnessProblems(values: Values): Iterable<string> {
  if (!values["enable-priority-and-fairness"]) return;
  const texts = values["runtime-config"].map((each) => each.trim());
  for (const name of ["flowcontrol.apiserver.k8s.io/v1", "api/ga", "api/all"]) {
    if (texts.includes(`${name}=false`))
      yield `--runtime-config=${name}=false conflicts with --enable-priority-and-fairness=true`;
    if (texts.includes(`${name}=false`) || texts.includes(`${name}=true`)) return;
  }
}

function* portProblems(port: number): Iterable<string> {
  if (port < 1 || port > 65535)
    yield `--secure-port ${port} must be between 1 and 65535, inclusive. It cannot be turned off with 0`;
}

function* issuerProblems(values: Values): Iterable<string> {
  const seen = new Set<string>();
  for (const issuer of values["service-account-issuer"]) {
    if (issuer === "") yield "service-account-issuer should not be an empty string";
    else if (seen.has(issuer)) yield `service-account-issuer ${JSON.stringify(issuer)} is already specified`;
    seen.add(issuer);
  }
  const keys = values["service-account-jwks-uri"];
  if (keys && !keys.startsWith("https://")) yield `service-account-jwks-uri requires https scheme, parsed as: ${keys}`;
}

function* requestHeaderProblems(values: Values): Iterable<string> {
  const names = ["username-headers", "group-headers", "extra-headers-prefix", "allowed-names", "uid-headers"] as const;
  for (const name of names.map((each) => `requestheader-${each}` as const))
    if (values[name].some((each) => each.trim() === "")) yield `empty value in ${JSON.stringify(name)}`;
  const uids = values["requestheader-uid-headers"];
  if (uids.length > 0 && !uids.some((each) => each.toLowerCase() === "x-remote-uid"))
    yield "--requestheader-uid-headers is set without specifying the standard X-Remote-Uid header - API aggregation will not work";
  const [clients, proxies] = [values["client-ca-file"], values["requestheader-client-ca-file"]];
  if (clients && proxies && values["requestheader-allowed-names"].length === 0 && sameAuthority(clients, proxies))
    yield "--requestheader-client-ca-file and --client-ca-file contain overlapping certificates; --requestheader-allowed-names must be specified to ensure regular client certificates cannot set authenticating proxy headers for arbitrary users";
}

function* admissionProblems(values: Values): Iterable<string> {
  const { "admission-control": only, "enable-admission-plugins": on, "disable-admission-plugins": off } = values;
  if (only.length > 0 && (on.length > 0 || off.length > 0))
    yield "admission-control and enable-admission-plugins/disable-admission-plugins flags are mutually exclusive";
}

function* metricProblems(values: Values): Iterable<string> {
  try {
    metricLimits(values);
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    yield error.message;
  }
}

function* rangeProblems(text: string): Iterable<string> {
  const ranges = text.split(",").map((each) => each.trim());
  if (ranges.length > 2) yield "--service-cluster-ip-range must not contain more than two entries";
  const [first = "", second] = ranges;
  if (second !== undefined && first.includes(":") === second.includes(":"))
    yield "--service-cluster-ip-range[0] and --service-cluster-ip-range[1] must be of different IP family";
}

function* nodePortProblems(values: Values): Iterable<string> {
  const port = values["kubernetes-service-node-port"];
  const range = values["service-node-port-range"];
  const [low = 0, high = 0] = range.split("-").map(Number);
  if (port < 0 || port > 65535)
    yield `--kubernetes-service-node-port ${port} must be between 0 and 65535, inclusive. If 0, the Kubernetes master service will be of type ClusterIP`;
  if (port > 0 && (port < low || port > high))
    yield `kubernetes service node port range ${range} doesn't contain ${port}`;
}

function* countProblems(count: number | undefined): Iterable<string> {
  if (count !== undefined && count <= 0)
    yield `--apiserver-count should be a positive number, but value '${count}' provided`;
}
