// Sends events to a service as EventLists; what fails is sent again, whatever went wrong. Upstream: plugin/pkg/audit/webhook.
import type { RemoteWebhook } from "../remote/webhook.ts";
import type { AuditBackend, LostEvents } from "./backend.ts";
import type { AuditEvent } from "./event.ts";

const encoder = new TextEncoder();

export function webhookBackend(service: RemoteWebhook, lost: LostEvents): AuditBackend {
  const stop = new AbortController();
  const running = new Set<Promise<boolean>>();
  const send = async (events: readonly AuditEvent[]): Promise<boolean> => {
    try {
      await service.call(listOf(events), { lastCall: stop.signal });
      return true;
    } catch (error) {
      lost("webhook", error, events);
      return false;
    }
  };
  return {
    process(events) {
      const sending = send(events);
      running.add(sending);
      return sending.finally(() => running.delete(sending));
    },
    /** Nothing is tried again from now on; calls that are under way may end. */
    async close() {
      const ending = [...running];
      stop.abort();
      await Promise.all(ending);
    },
  };
}

/** Items of a list do not say what they are. */
function listOf(events: readonly AuditEvent[]): Uint8Array {
  const items = events.map(({ kind: _kind, apiVersion: _version, ...event }) => event);
  return encoder.encode(
    `${JSON.stringify({ kind: "EventList", apiVersion: "audit.k8s.io/v1", metadata: {}, items })}\n`,
  );
}
