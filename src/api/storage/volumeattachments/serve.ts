// How the API server serves VolumeAttachment.
import type { VolumeAttachment } from "../../../../facts/types/storage.v1.ts";
import { defineRules } from "../../kind.ts";

export const volumeAttachmentRules = defineRules<VolumeAttachment>({});
