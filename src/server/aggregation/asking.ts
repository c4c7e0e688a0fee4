// Requests of the aggregator's own to an extension server: probes, discovery, documents.
// Upstream: kube-aggregator's controllers/status/remote.
import type { APIService } from "../../api/index.ts";
import { errorText, timeoutSignal } from "../../base/index.ts";
import type { ApiResponse, UserInfo } from "../../machinery/index.ts";
import { addressOf } from "../service-address.ts";
import { failedCheck, passed, problemOf, type Verdict } from "./availability.ts";
import type { ExtensionTarget } from "./contract.ts";
import { discard, hostHeader, identityHeaders } from "./forward.ts";
import type { AggregationHost } from "./host.ts";

const aggregatorUser: UserInfo = { username: "system:kube-aggregator", groups: ["system:masters"] };
const probes = 5;
const limitMs = 5000;

/** Throws when the Service leads nowhere. */
export function targetOf({ spec }: APIService, { reader, rng, toEndpoints, self }: AggregationHost): ExtensionTarget {
  const { namespace = "", name = "", port = 443 } = spec.service ?? {};
  const address = addressOf(
    { namespace, name, port },
    { reader, rng, toEndpoints: toEndpoints === true, ...(self ? { self } : {}) },
  );
  return {
    ...address,
    serverName: `${name}.${namespace}.svc`,
    ...(spec.caBundle ? { authorities: atob(spec.caBundle) } : {}),
    insecure: spec.insecureSkipTLSVerify === true,
  };
}

export interface Asked {
  readonly answer: ApiResponse;
  /** To be called when the answer has been read: ends its deadline. */
  readonly done: () => void;
}

/** As the aggregator itself, for a few seconds at most. */
export async function askExtension(
  host: AggregationHost,
  service: APIService,
  of: { readonly path: string; readonly headers?: Readonly<Record<string, string>> },
): Promise<Asked> {
  if (host.dialer === undefined) throw new Error("this server has no way to extension servers");
  const target = targetOf(service, host);
  const signal = timeoutSignal(host.clock, limitMs);
  const identity = identityHeaders(aggregatorUser, { tellsUid: false });
  const headers = { ...of.headers, ...identity, host: hostHeader(target) };
  try {
    const answer = await host.dialer.request(target, { method: "GET", path: of.path, headers, signal });
    return { answer, done: () => signal[Symbol.dispose]() };
  } catch (error) {
    signal[Symbol.dispose]();
    throw error;
  }
}

async function probe(host: AggregationHost, service: APIService): Promise<void> {
  const { group, version } = service.spec;
  const path = service.metadata.name === "v1." ? `/api/${version}` : `/apis/${group}/${version}`;
  const url = `https://${hostHeader(targetOf(service, host))}${path}`;
  let status: number;
  try {
    const { answer, done } = await askExtension(host, service, { path });
    await discard(answer);
    done();
    status = answer.status;
  } catch (error) {
    const text = errorText(error);
    throw new Error(`failing or missing response from ${url}: Get "${url}": ${text}`);
  }
  if (status < 200 || status >= 300)
    throw new Error(`failing or missing response from ${url}: bad status from ${url}: ${status}`);
}

/** One good answer of several is enough. */
export async function verdictOn(host: AggregationHost, service: APIService): Promise<Verdict> {
  const problem = problemOf(service, host.reader);
  if (problem !== undefined) return problem;
  try {
    await Promise.any(Array.from({ length: probes }, () => probe(host, service)));
    return passed;
  } catch (error) {
    const last = (error as AggregateError).errors.at(-1);
    return failedCheck(errorText(last));
  }
}
