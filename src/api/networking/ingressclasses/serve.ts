// How the API server serves IngressClass. Upstream: pkg/apis/networking/validation, pkg/registry/networking/ingressclass.
import type { IngressClass, IngressClassParametersReference } from "../../../../facts/types/networking.v1.ts";
import { field, pathSegmentName, utf8Length } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { domainPrefixedPath } from "../../lib/domain-path.ts";
import {
  type Check,
  child,
  dnsLabel,
  dnsSubdomain,
  findings,
  immutable,
  named,
  optional,
  required,
} from "../../lib/validate.ts";

type Spec = IngressClass["spec"];

const longestController = 250;

const parameters: Check<IngressClassParametersReference> = (to, at, found) => {
  optional(dnsSubdomain)(to.apiGroup, child(at, "apiGroup"), found);
  required(named(pathSegmentName))(to.kind, child(at, "kind"), found);
  required(named(pathSegmentName))(to.name, child(at, "name"), found);
  const path = child(at, "namespace");
  if (to.scope === undefined) found.push(field.required(child(at, "scope")));
  else if (to.scope === "Namespace") {
    if (to.namespace === undefined) found.push(field.required(path, "`parameters.scope` is set to 'Namespace'"));
    else dnsLabel(to.namespace, path, found);
  } else if (to.scope !== "Cluster")
    found.push(field.notSupported(child(at, "scope"), to.scope, ["Cluster", "Namespace"]));
  else if (to.namespace !== undefined) found.push(field.forbidden(path, "`parameters.scope` is set to 'Cluster'"));
};

const spec: Check<Spec | undefined> = (value, at, found) => {
  const { controller = "" } = value ?? {};
  const path = child(at, "controller");
  if (utf8Length(controller) > longestController) found.push(field.tooLong(path, longestController));
  domainPrefixedPath(controller, path, found);
  optional(parameters)(value?.parameters, child(at, "parameters"), found);
};

export const ingressClassRules = defineRules<IngressClass>({
  default: (each) => {
    const own = (each.spec ??= {});
    if (own.parameters) own.parameters.scope ??= "Cluster";
  },
  generation: true,
  metadataOnUpdate: "both",
  validate: ({ spec: own }) => findings(own, spec, "spec"),
  validateUpdate: ({ spec: own }, old) =>
    findings(own?.controller ?? "", immutable(old.spec?.controller ?? ""), "spec.controller"),
});
