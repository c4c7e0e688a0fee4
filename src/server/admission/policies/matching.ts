// Whether a policy or a binding is about a request. Upstream: admission/plugin/policy/matching, generic/policy_matcher.go.
import type { AdmissionAttributes, AdmissionHost } from "../../contract.ts";
import { type Match, matchNamedRules, type Request } from "../dynamic/rules.ts";
import { select } from "../dynamic/selectors.ts";
import type { Constraints } from "./source.ts";

/** Undefined: it is not. Throws StatusError when it would be but for a namespace that is not there. */
export async function matchConstraints(
  host: AdmissionHost,
  { match, selectors }: Constraints,
  { attributes, request }: { readonly attributes: AdmissionAttributes; readonly request: Request },
): Promise<Match | undefined> {
  const { selected, error } = await select(selectors, attributes, host.reader);
  if (!selected) return undefined;
  const options = { equivalent: match.matchPolicy === "Equivalent", name: attributes.name };
  if (matchNamedRules(match.excludeResourceRules, request, options) !== undefined) return undefined;
  const found =
    (match.resourceRules ?? []).length === 0
      ? { resource: request.target.resource, kind: request.kind }
      : matchNamedRules(match.resourceRules, request, options);
  if (found !== undefined && error !== undefined) throw error;
  return found;
}
