// What serving custom resources needs of the server around it.
import type { Logger } from "../../base/index.ts";
import type { ServerCore } from "../context.ts";
import type { ObjectReader, ObjectWriter, WebhookConnections } from "../contract.ts";

export interface DefinitionsHost {
  readonly core: ServerCore;
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  readonly log: Logger;
  /** For definitions whose versions a webhook converts. */
  readonly webhooks: WebhookConnections | undefined;
}
