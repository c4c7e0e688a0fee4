// Kinds that are never stored: the create call is the answer (access reviews, token reviews).
import type { KindDefinition } from "../../api/index.ts";
import type { Clock } from "../../base/index.ts";
import type { KubeObject, UserInfo } from "../../machinery/index.ts";
import type { Authorizer, ObjectReader } from "../contract.ts";

export interface VirtualContext {
  readonly user: UserInfo;
  /** Of the path; "" for cluster-scoped kinds. */
  readonly namespace: string;
  readonly authorizer: Authorizer;
  readonly reader: ObjectReader;
  readonly clock: Clock;
}

export interface VirtualKind {
  readonly kind: KindDefinition;
  /** `body` is a draft of the kind, decoded. Throws StatusError for what is refused. */
  create(body: KubeObject, context: VirtualContext): Promise<KubeObject>;
}
