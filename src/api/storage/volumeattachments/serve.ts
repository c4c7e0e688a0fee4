// How the API server serves VolumeAttachment. Upstream: pkg/apis/storage/validation, pkg/registry/storage/volumeattachment.
import type { VolumeAttachment, VolumeError } from "../../../../facts/types/storage.v1.ts";
import { deepEqual, dns1123Subdomain, field, inclusiveRangeError, utf8Length } from "../../../machinery/index.ts";
import { defineRules } from "../../kind.ts";
import { internalForm } from "../../lib/internal-form.ts";
import { keepMetadata } from "../../lib/metadata.ts";
import { type Check, child, dnsSubdomain, type Findings, findings, immutableText, named } from "../../lib/validate.ts";
import { csiDriverName } from "../../lib/volumes/volume-sources.ts";
import { volumeSpec } from "../../lib/volumes/volume-spec.ts";

type Spec = VolumeAttachment["spec"];

const metadataLimitBytes = 256 * 1024;
const longestMessage = 1024;

const source: Check<Spec["source"] | undefined> = (value, at, found) => {
  const { inlineVolumeSpec, persistentVolumeName } = value ?? {};
  const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (inlineVolumeSpec === undefined && persistentVolumeName === undefined) found.push(field.required(at, one));
  else if (inlineVolumeSpec !== undefined && persistentVolumeName !== undefined) found.push(field.forbidden(at, one));
  else if (persistentVolumeName === "")
    found.push(field.required(child(at, "persistentVolumeName"), "must specify non empty persistentVolumeName"));
  else if (inlineVolumeSpec !== undefined)
    volumeSpec({ name: "", inline: true })(inlineVolumeSpec, child(at, "inlineVolumeSpec"), found);
};

const spec: Check<Spec | undefined> = (value, at, found) => {
  csiDriverName(value?.attacher, child(at, "attacher"), found);
  source(value?.source, child(at, "source"), found);
  dnsSubdomain(value?.nodeName, child(at, "nodeName"), found);
};

const problem: Check<VolumeError | undefined> = (error, at, found) => {
  // The limit that upstream prints is another one's.
  if (utf8Length(error?.message ?? "") > longestMessage)
    found.push(field.tooLong(child(at, "message"), metadataLimitBytes));
  const code = error?.errorCode;
  if (code !== undefined && code < 0)
    found.push(field.invalid(child(at, "errorCode"), code, inclusiveRangeError(0, 2147483647)));
};

const status: Check<VolumeAttachment["status"]> = (value, at, found) => {
  let size = 0;
  for (const [key, text] of Object.entries(value?.attachmentMetadata ?? {})) size += utf8Length(key) + utf8Length(text);
  if (size > metadataLimitBytes) found.push(field.tooLong(child(at, "attachmentMetadata"), metadataLimitBytes));
  problem(value?.attachError, child(at, "attachError"), found);
  problem(value?.detachError, child(at, "detachError"), found);
};

const whole = (attachment: VolumeAttachment): Findings => {
  const found = [...findings(attachment.spec, spec, "spec"), ...findings(attachment.status, status, "status")];
  const name = attachment.spec?.source?.persistentVolumeName;
  if (name !== undefined) named(dns1123Subdomain)(name, "spec.source.persistentVolumeName", found);
  return found;
};

const fixedSpec = (attachment: VolumeAttachment, old: VolumeAttachment): Findings =>
  deepEqual(attachment.spec, old.spec)
    ? []
    : [field.invalid("spec", internalForm("storage.VolumeAttachmentSpec", attachment.spec), immutableText)];

export const volumeAttachmentRules = defineRules<VolumeAttachment>({
  resetFields: { status: ["metadata", "spec"] },
  default: (attachment) => {
    attachment.spec ??= {} as Spec;
  },
  unconditionalUpdate: false,
  metadataOnUpdate: "create",
  validate: whole,
  validateUpdate: fixedSpec,
  status: {
    prepareUpdate: keepMetadata,
    validateUpdate: (attachment, old) => [...whole(attachment), ...fixedSpec(attachment, old)],
  },
});
