// How the API server serves APIService. Upstream: kube-aggregator's pkg/apis/apiregistration, pkg/registry/apiservice.
import type { APIService, APIServiceCondition } from "../../../../facts/types/apiregistration.v1.ts";
import { deepClone, dns1035Label, dns1123Subdomain, field, portNumber, quoteGo } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { pathName } from "../../lib/metadata.ts";
import {
  type Check,
  child,
  type Findings,
  findings,
  item,
  named,
  required,
  worthChecking,
} from "../../lib/validate.ts";

type Spec = APIService["spec"];

const highestGroupPriority = 20_000;
const highestVersionPriority = 1000;

const priority =
  (highest: number): Check<number | undefined> =>
  (value = 0, at, found) => {
    if (value <= 0 || value > highest)
      found.push(field.invalid(at, value, `must be positive and less than ${highest}`));
  };

/** An object is named after what it is about: `version.group`. */
const versionedName: Check<APIService> = ({ metadata, spec }, at, found) => {
  const wanted = `${spec.version ?? ""}.${spec.group ?? ""}`;
  const text = `must be \`spec.version+"."+spec.group\`: ${quoteGo(wanted)}`;
  for (const name of ["generateName", "name"] as const) {
    const value = metadata[name];
    if (value && value !== wanted && pathName(value, false).length === 0)
      found.push(field.invalid(child(at, name), value, text));
  }
};

const group: Check<Spec> = ({ group: name, version }, at, found) => {
  if (name) named(dns1123Subdomain)(name, at, found);
  else if (version !== "v1")
    found.push(field.required(at, "only v1 may have an empty group and it better be legacy kube"));
};

const service: Check<NonNullable<Spec["service"]>> = ({ namespace, name, port = 0 }, at, found) => {
  required()(namespace, child(at, "namespace"), found);
  required()(name, child(at, "name"), found);
  const texts = portNumber(port);
  if (texts.length > 0) found.push(field.invalid(child(at, "port"), port, `port is not valid: ${texts.join(", ")}`));
};

/** Bytes that a base64 text stands for. */
const byteLength = (base64: string): number => atob(base64).length;

const trust: Check<Spec> = ({ service: target, caBundle = "", insecureSkipTLSVerify }, at, found) => {
  const insecure = child(at, "insecureSkipTLSVerify");
  if (target !== undefined) {
    if (insecureSkipTLSVerify && caBundle)
      found.push(field.invalid(insecure, true, "may not be true if caBundle is present"));
    return;
  }
  if (caBundle)
    found.push(
      field.invalid(
        child(at, "caBundle"),
        `${byteLength(caBundle)} bytes`,
        "local APIServices may not have a caBundle",
      ),
    );
  if (insecureSkipTLSVerify)
    found.push(field.invalid(insecure, true, "local APIServices may not have insecureSkipTLSVerify"));
};

const spec: Check<Spec> = (value, at, found) => {
  group(value, child(at, "group"), found);
  named(dns1035Label)(value.version, child(at, "version"), found);
  priority(highestGroupPriority)(value.groupPriorityMinimum, child(at, "groupPriorityMinimum"), found);
  priority(highestVersionPriority)(value.versionPriority, child(at, "versionPriority"), found);
  if (value.service !== undefined) service(value.service, child(at, "service"), found);
  trust(value, at, found);
};

const states = ["True", "False", "Unknown"];

const conditionStates = (conditions: readonly APIServiceCondition[] = []): Findings =>
  findings(
    conditions,
    (list, at, found) => {
      for (const [index, { status = "" }] of worthChecking(list, found))
        if (!states.includes(status)) found.push(field.notSupported(child(item(at, index), "status"), status, states));
    },
    "status.conditions",
  );

export const apiServiceRules = defineRules<APIService>({
  default: (draft) => {
    draft.spec ??= {} as Spec;
    if (draft.spec.service !== undefined) draft.spec.service.port ??= 443;
  },
  validateName: (name) => pathName(name, false),
  anyFinalizers: true,
  unconditionalUpdate: false,
  metadataOnUpdate: "both",
  prepareCreate: (draft, { now }) => {
    if (draft.spec.service !== undefined) return;
    const message = "Local APIServices are always available";
    draft.status = {
      conditions: [{ type: "Available", status: "True", lastTransitionTime: now, reason: "Local", message }],
    };
  },
  validate: (object) => [...findings(object, versionedName, "metadata"), ...findings(object.spec, spec, "spec")],
  resetFields: { status: ["metadata", "spec"] },
  status: {
    prepareUpdate: (draft, old) => {
      const { metadata } = draft;
      const before = deepClone(old.metadata);
      for (const name of ["labels", "annotations", "finalizers", "ownerReferences"] as const) {
        delete metadata[name];
        if (before[name] !== undefined) Object.assign(metadata, { [name]: before[name] });
      }
    },
    validateUpdate: ({ status }) => conditionStates(status?.conditions),
  },
});
