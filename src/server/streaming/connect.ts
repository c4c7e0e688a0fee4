// Requests that are passed on to a kubelet or a pod: log, exec, attach, port-forward, proxy. The server decides who may and
// what is meant; `streaming/` carries the bytes.
import type { ApiRequest, ApiResponse, KubeObject, UserInfo } from "../../machinery/index.ts";
import type { ExtensionUpgrade } from "../aggregation/contract.ts";
import type { ObjectReader } from "../contract.ts";

export interface ConnectTarget {
  readonly resource: "pods" | "services" | "nodes";
  readonly subresource: string;
  readonly namespace: string;
  /** As in the path: a proxied service may be `https:name:port`. */
  readonly name: string;
  /** Behind `proxy/`, with a leading slash; "" when the path ends there. */
  readonly path: string;
  /** In place of it, not yet encoded: admission changed where the proxy leads. */
  readonly changedPath?: string;
  readonly query: URLSearchParams;
  /** The gate PodLogsQuerySplitStreams: logs may be asked for by stream. */
  readonly splitStreams?: boolean;
  readonly user: UserInfo;
  readonly request: ApiRequest;
  readonly reader: ObjectReader;
  /** The pod, service or node; absent when its name has a scheme or port in it. */
  readonly object: KubeObject | undefined;
}

/** Answers a plain request (log, proxy) or refuses it with a StatusError. */
export type ConnectHandler = (target: ConnectTarget) => Promise<ApiResponse>;

/** What becomes of a request that asks to upgrade its connection. */
export type UpgradeDecision =
  | { readonly type: "connect"; readonly target: ConnectTarget }
  | { readonly type: "extension"; readonly connection: ExtensionUpgrade }
  | { readonly type: "refused"; readonly response: ApiResponse };

export const connectSubresources: ReadonlySet<string> = new Set(["log", "exec", "attach", "portforward", "proxy"]);
