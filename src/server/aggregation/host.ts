// What aggregation needs of the server around it.
import type { Clock, Logger, MetricRegistry, Rng } from "../../base/index.ts";
import type { SettledWriter } from "../bootstrap/settled.ts";
import type { Catalog } from "../catalog.ts";
import type { Address, ObjectReader, ObjectWriter } from "../contract.ts";
import type { ExtensionDialer } from "./contract.ts";

export interface AggregationOptions {
  /** Absent where there is no network: extension servers stay unavailable. */
  readonly dialer?: ExtensionDialer;
  /** --enable-aggregator-routing: requests go to endpoints instead of cluster IPs. */
  readonly toEndpoints?: boolean;
  /** --aggregator-reject-forwarding-redirect. */
  readonly rejectRedirects?: boolean;
}

export interface AggregationHost extends AggregationOptions {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly settled?: SettledWriter;
  readonly catalog: Catalog;
  readonly clock: Clock;
  readonly rng: Rng;
  readonly log: Logger;
  readonly metrics?: MetricRegistry;
  readonly featureEnabled: (gate: string) => boolean;
  /** Where this server itself is reached. */
  readonly self?: Address;
}
