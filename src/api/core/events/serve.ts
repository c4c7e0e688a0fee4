// How the API server serves Event.
import type { Event } from "../../../../facts/types/core.v1.ts";
import { dns1123Subdomain, field, qualifiedName, utf8Length } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { pathName } from "../../lib/metadata.ts";
import { type Check, type Findings, findings } from "../../lib/validate.ts";

const longestNote = 1024;
const longestText = 128;

const atMost = (limit: number): string => `can have at most ${limit} characters`;

/** The rules of v1 events; `reporter` is what the API version calls the reporting component's field. */
export const legacyEvent =
  (reporter: string): Check<Event> =>
  (event, _at, found) => {
    const namespace = event.metadata.namespace ?? "";
    const involved = event.involvedObject?.namespace ?? "";
    const mismatch = (): void => {
      found.push(field.invalid("involvedObject.namespace", involved, "does not match event.namespace"));
    };
    if (event.eventTime === undefined || event.eventTime === null) {
      if (involved === "" ? namespace !== "" && namespace !== "default" : namespace !== involved) mismatch();
    } else {
      if (involved === "" && namespace !== "default" && namespace !== "kube-system") mismatch();
      reported(event, reporter, found);
    }
    for (const text of dns1123Subdomain(namespace)) found.push(field.invalid("namespace", namespace, text));
  };

/** What events of the newer style must say of who reports what. */
function reported(event: Event, reporter: string, found: Findings): void {
  const component = event.reportingComponent ?? "";
  if (component === "") found.push(field.required(reporter));
  for (const text of qualifiedName(component)) found.push(field.invalid(reporter, component, text));
  for (const name of ["reportingInstance", "action", "reason"] as const) {
    const text = event[name] ?? "";
    if (text === "") found.push(field.required(name));
    if (utf8Length(text) > longestText) found.push(field.invalid(name, "", atMost(longestText)));
  }
  if (utf8Length(event.message ?? "") > longestNote) found.push(field.invalid("message", "", atMost(longestNote)));
}

export const eventRules = defineRules<Event>({
  validateName: pathName,
  metadataOnUpdate: "none",
  createOnUpdate: true,
  defaultPropagation: "Unsupported",
  validate: (event) => findings(event, legacyEvent("reportingComponent")),
});
