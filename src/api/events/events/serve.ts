// How the API server serves Event of events.k8s.io/v1: stored as the core kind, with stricter rules than that has.
// Upstream: pkg/apis/core/validation/events.go.
import type { Event as CoreEvent } from "../../../../facts/types/core.v1.ts";
import type { Event } from "../../../../facts/types/events.v1.ts";
import { deepEqual, field, parseTime } from "../../../machinery/index.ts";
import { legacyEvent } from "../../core/events/serve.ts";
import { defineRules } from "../../kind.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { subdomainName } from "../../lib/metadata.ts";
import { type Check, findings, immutableText } from "../../lib/validate.ts";
import { fromCoreEvent, toCoreEvent } from "./convert.ts";

const legacy = legacyEvent("reportingController");

const series: Check<CoreEvent["series"]> = (value, _at, found) => {
  if (!value) return;
  if ((value.count ?? 0) < 2) found.push(field.invalid("series.count", "", "should be at least 2"));
  if (!value.lastObservedTime) found.push(field.required("series.lastObservedTime"));
};

const unset = "needs to be unset";

const created: Check<CoreEvent> = (event, at, found) => {
  legacy(event, at, found);
  series(event.series, at, found);
  if (!event.eventTime) found.push(field.required("eventTime"));
  if (event.type !== "Normal" && event.type !== "Warning")
    found.push(field.invalid("type", "", `has invalid value: ${event.type ?? ""}`));
  for (const name of ["firstTimestamp", "lastTimestamp", "count"] as const)
    if (event[name]) found.push(field.invalid(name, "", unset));
  if (event.source?.component || event.source?.host) found.push(field.invalid("source", "", unset));
};

/** References and sources are printed in upstream's internal form. */
const internalTypes: Readonly<Record<string, string>> = {
  involvedObject: "core.ObjectReference",
  related: "*core.ObjectReference",
  source: "core.EventSource",
};

const printedValue = (name: string, value: unknown): unknown => internalForm(internalTypes[name] ?? "o", value);

/** What an event says once; in upstream's order, where reason comes twice. */
const fixedFields = [
  ["involvedObject"],
  ["reason"],
  ["message"],
  ["source"],
  ["firstTimestamp"],
  ["lastTimestamp"],
  ["count"],
  ["reason"],
  ["type"],
  ["eventTime"],
  ["action"],
  ["related"],
  ["reportingComponent", "reportingController"],
  ["reportingInstance"],
] as const satisfies readonly (readonly [keyof CoreEvent, string?])[];

const sameInstant = (a: string | null | undefined, b: string | null | undefined): boolean =>
  (a ?? "") === (b ?? "") || parseTime(a ?? undefined) === parseTime(b ?? undefined);

const updated =
  (old: CoreEvent): Check<CoreEvent> =>
  (event, at, found) => {
    legacy(event, at, found);
    if (!deepEqual(event.series, old.series)) series(event.series, at, found);
    for (const [name, printed] of fixedFields) {
      if (name === "eventTime" && sameInstant(event.eventTime, old.eventTime)) continue;
      if (!deepEqual(event[name], old[name]))
        found.push(field.invalid(printed ?? name, printedValue(name, event[name]), immutableText));
    }
  };

export const eventV1Rules = defineRules<Event>({
  internalGroup: "",
  validateName: subdomainName,
  createOnUpdate: true,
  defaultPropagation: "Unsupported",
  unconditionalUpdate: true,
  validate: (event) => findings(toCoreEvent(event), created),
  validateOnUpdate: false,
  validateUpdate: (event, old) => findings(toCoreEvent(event), updated(toCoreEvent(old))),
  convert: { toStored: toCoreEvent, fromStored: (stored) => fromCoreEvent(stored as CoreEvent) },
});
