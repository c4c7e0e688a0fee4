// How the API server serves StorageVersion. Upstream: pkg/apis/apiserverinternal/validation, pkg/registry/apiserverinternal.
import type {
  ServerStorageVersion,
  StorageVersion,
  StorageVersionCondition,
  StorageVersionStatus,
} from "../../../../facts/types/apiserverinternal.v1alpha1.ts";
import {
  dns1035Label,
  dns1123Subdomain,
  emptyError,
  field,
  qualifiedName,
  regexError,
} from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { keepMetadata } from "../../lib/metadata.ts";
import { type Check, child, findings, item, named, required, worthChecking } from "../../lib/validate.ts";

const labelFormat = "[a-z]([-a-z0-9]*[a-z0-9])?";
const labelText =
  "a DNS-1035 label, which must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character";

function versionProblems(apiVersion: string): string[] {
  const parts = apiVersion.split("/");
  if (parts.length > 2) {
    const text = regexError(labelText, labelFormat, "my-name", "abc-123");
    return [`an apiVersion is ${text} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyVersion')`];
  }
  const version = parts.at(-1) ?? "";
  const group = parts.length === 2 ? (parts[0] ?? "") : undefined;
  const groupTexts = group === undefined ? [] : group === "" ? [emptyError] : dns1123Subdomain(group);
  const versionTexts = version === "" ? [emptyError] : dns1035Label(version);
  return [...groupTexts.map((text) => `group part: ${text}`), ...versionTexts.map((text) => `version part: ${text}`)];
}

const apiVersion: Check<string | undefined> = (version = "", at, found) => {
  const texts = versionProblems(version);
  if (texts.length > 0) found.push(field.invalid(at, version, texts.join(",")));
};

const serverVersion: Check<ServerStorageVersion> = (server, at, found) => {
  const { encodingVersion = "", decodableVersions = [], servedVersions = [] } = server;
  named(dns1123Subdomain)(server.apiServerID, child(at, "apiServerID"), found);
  apiVersion(encodingVersion, child(at, "encodingVersion"), found);
  const decodable = child(at, "decodableVersions");
  for (const [index, version] of worthChecking(decodableVersions, found))
    apiVersion(version, item(decodable, index), found);
  if (!decodableVersions.includes(encodingVersion))
    found.push(
      field.invalid(
        decodable,
        server.decodableVersions ?? null,
        `decodableVersions must include encodingVersion ${encodingVersion}`,
      ),
    );
  for (const [index, version] of worthChecking(servedVersions, found)) {
    const path = item(child(at, "servedVersions"), index);
    apiVersion(version, path, found);
    if (!decodableVersions.includes(version))
      found.push(
        field.invalid(
          path,
          version,
          `individual served version : ${version} must be included in decodableVersions : [${decodableVersions.join(" ")}]`,
        ),
      );
  }
};

const commonVersion: Check<StorageVersionStatus> = ({ storageVersions = [], commonEncodingVersion }, at, found) => {
  const [first, ...others] = storageVersions.map((each) => each.encodingVersion ?? "");
  const common = others.every((each) => each === first) ? first : undefined;
  const refuse = (text: string): void => void found.push(field.invalid(at, commonEncodingVersion ?? null, text));
  if (common === undefined) {
    if (commonEncodingVersion !== undefined)
      refuse(
        "should be nil if servers do not agree on the same encoding version, or if there is no server reporting the supported versions yet",
      );
  } else if (commonEncodingVersion === undefined) refuse(`the common encoding version is ${common}`);
  else if (commonEncodingVersion !== common) refuse(`the actual common encoding version is ${common}`);
};

/** Upstream counts them from the status itself. */
const conditions: Check<readonly StorageVersionCondition[]> = (list, at, found) => {
  for (const [index, condition] of worthChecking(list, found)) {
    const path = item(at, index);
    const first = list.slice(0, index).findLastIndex(({ type }) => type === condition.type);
    if (first >= 0)
      found.push(
        field.invalid(
          child(path, "type"),
          condition.type,
          `the type of the condition is not unique, it also appears in conditions[${first}]`,
        ),
      );
    named(qualifiedName)(condition.type, child(path, "type"), found);
    named(qualifiedName)(condition.status, child(path, "status"), found);
    required()(condition.reason, child(path, "reason"), found);
    required()(condition.message, child(path, "message"), found);
  }
};

const status: Check<StorageVersionStatus | undefined> = (value, at, found) => {
  const list = value?.storageVersions ?? [];
  const seen = new Set<string>();
  for (const [index, each] of worthChecking(list, found)) {
    const path = item(child(at, "storageVersions"), index);
    if (seen.has(each.apiServerID)) found.push(field.duplicate(child(path, "apiServerID"), each.apiServerID));
    seen.add(each.apiServerID);
    serverVersion(each, path, found);
  }
  commonVersion(value ?? {}, child(at, "commonEncodingVersion"), found);
  conditions(value?.conditions ?? [], at, found);
};

/** `group.resource`. */
function validateName(name: string): string[] {
  const dot = name.lastIndexOf(".");
  if (dot < 0) return ["name must be in the form of <group>.<resource>"];
  return [
    ...dns1123Subdomain(name.slice(0, dot)).map((text) => `the group segment ${text}`),
    ...dns1035Label(name.slice(dot + 1)).map((text) => `the resource segment ${text}`),
  ];
}

export const storageVersionRules = defineRules<StorageVersion>({
  default: (draft) => {
    draft.spec ??= {};
  },
  validateName,
  metadataOnUpdate: "none",
  unconditionalUpdate: false,
  validate: (version) => findings(version.status, status, "status"),
  validateOnUpdate: false,
  resetFields: { status: ["metadata", "spec"] },
  status: {
    prepareUpdate: keepMetadata,
    validateUpdate: (version) => findings(version.status, status, "status"),
  },
});
