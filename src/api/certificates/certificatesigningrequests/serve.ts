// How the API server serves CertificateSigningRequest.
import type { CertificateSigningRequest } from "../../../../facts/types/certificates.v1.ts";
import { defineRules } from "../../kind.ts";

export const certificateSigningRequestRules = defineRules<CertificateSigningRequest>({});
