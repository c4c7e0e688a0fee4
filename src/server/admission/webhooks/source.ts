// The webhooks that are configured, in the order they are called, and which of them a request may concern.
//
// Configurations come from the watch cache the moment they are written. A request that no rule can match costs one look into
// a map: what rules say of operation, resource and subresource is worked out once.
// Upstream: admission/configuration/{mutating,validating}_webhook_manager.go, webhook/generic/webhook.go.

import type {
  KindDefinition,
  MutatingWebhook,
  MutatingWebhookConfiguration,
  ValidatingWebhook,
  ValidatingWebhookConfiguration,
} from "../../../api/index.ts";
import { errorText } from "../../../base/index.ts";
import { internalError } from "../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost } from "../../contract.ts";
import type { CompiledConditions } from "../dynamic/conditions.ts";
import { isExempt, type Match, matchRules, requestOf, targetKey } from "../dynamic/rules.ts";
import { type CompiledSelectors, compileSelectors } from "../dynamic/selectors.ts";
import type { StaticManifests } from "../manifests/source.ts";

export type Webhook = MutatingWebhook | ValidatingWebhook;
type Configuration = MutatingWebhookConfiguration | ValidatingWebhookConfiguration;

/** One webhook of one configuration. */
export interface Hook {
  readonly configuration: string;
  /** Unique among all that are configured, and the same while its place is. */
  readonly id: string;
  readonly webhook: Webhook;
  /** Compiled on first use. */
  readonly selectors: () => CompiledSelectors;
  conditions?: Promise<CompiledConditions>;
}

/** A webhook whose rules match; its selectors and conditions have not been asked. */
export interface Candidate {
  readonly hook: Hook;
  /** Its place among all webhooks. */
  readonly index: number;
  readonly match: Match;
}

export interface WebhookSource {
  /** In calling order. */
  candidates(attributes: AdmissionAttributes): readonly Candidate[];
  close(): void;
}

const none: readonly Candidate[] = [];

/** `manifests`: those that are files of the server; they come first, and are asked about configurations of admission too. */
export function createWebhookSource<T extends Configuration>(
  host: AdmissionHost,
  kind: KindDefinition<T>,
  manifests?: StaticManifests,
): WebhookSource {
  const configurations = new Map<string, readonly Hook[]>();
  const byTarget = new Map<string, readonly Candidate[]>();
  let served = host.catalog.all;
  let sorted: readonly Hook[] | undefined;
  const changed = (): void => {
    sorted = undefined;
    byTarget.clear();
  };
  let fixed: readonly Hook[] = [];
  manifests?.subscribe(() => {
    fixed = manifests.of(kind).flatMap((configuration) => hooksOf(configuration, "manifest/"));
    changed();
  });
  const stop = host.reader.subscribe(kind, {
    upsert: (configuration) => {
      configurations.set(configuration.metadata.name, hooksOf(configuration));
      changed();
    },
    remove: ({ metadata }) => {
      configurations.delete(metadata.name);
      changed();
    },
  });
  const hooks = (): readonly Hook[] =>
    (sorted ??= [...fixed, ...[...configurations.keys()].sort().flatMap((name) => configurations.get(name) ?? [])]);
  return {
    candidates(attributes) {
      if (configurations.size === 0 && fixed.length === 0) return none;
      const exempt = isExempt(attributes);
      if (exempt && fixed.length === 0) return none;
      if (served !== host.catalog.all) {
        served = host.catalog.all;
        byTarget.clear();
      }
      const key = targetKey(attributes);
      let found = byTarget.get(key);
      if (found === undefined) {
        found = candidatesFor(attributes, exempt ? fixed : hooks(), host);
        byTarget.set(key, found);
      }
      return found;
    },
    close: stop,
  };
}

function hooksOf({ metadata, webhooks = [] }: Configuration, prefix = ""): Hook[] {
  const seen = new Map<string, number>();
  return (webhooks as readonly Webhook[]).map((webhook) => {
    const count = seen.get(webhook.name) ?? 0;
    seen.set(webhook.name, count + 1);
    return {
      configuration: metadata.name,
      id: `${prefix}${metadata.name}/${webhook.name}/${count}`,
      webhook,
      selectors: lazily(webhook),
    };
  });
}

function lazily(webhook: Webhook): () => CompiledSelectors {
  let compiled: CompiledSelectors | undefined;
  return () => {
    try {
      compiled ??= compileSelectors(webhook);
      return compiled;
    } catch (error) {
      throw internalError(errorText(error));
    }
  };
}

function candidatesFor(
  attributes: AdmissionAttributes,
  hooks: readonly Hook[],
  host: AdmissionHost,
): readonly Candidate[] {
  const request = requestOf(attributes, host.catalog);
  const found = hooks.flatMap((hook, index) => {
    const { rules, matchPolicy } = hook.webhook;
    const match = matchRules(rules, request, { equivalent: matchPolicy === "Equivalent" });
    return match === undefined ? [] : [{ hook, index, match }];
  });
  return found.length === 0 ? none : found;
}
