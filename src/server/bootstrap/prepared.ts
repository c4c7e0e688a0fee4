// Settled objects that are worked out already, by kind, namespace and name: none here. The build puts those of every new cluster in the
// place of this module's text, as settled.ts of the same sources works them out.
import type { KubeObject } from "../../machinery/index.ts";

/** JSON of an object of objects: read when the first is asked for. */
const text = "{}";

let read: Readonly<Record<string, KubeObject>> | undefined;

export const preparedForm = (key: string): KubeObject | undefined => (read ??= JSON.parse(text))[key];
