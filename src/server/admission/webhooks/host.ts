// What calls of webhooks need of the server: its own means, and who it is towards each of them.
import type { AdmissionHost, CallerCredentials, KubeconfigUsers } from "../../contract.ts";
import { credentialsFor } from "../../remote/credentials.ts";

export interface WebhookHost extends AdmissionHost {
  /** Towards `host:port`. Throws Error when that can not be told. */
  readonly credentials: (target: string) => CallerCredentials;
}

export const webhookHost = (host: AdmissionHost, users: KubeconfigUsers | undefined): WebhookHost => ({
  ...host,
  credentials: (target) => (users === undefined ? {} : credentialsFor(users, target)),
});
