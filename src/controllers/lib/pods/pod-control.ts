// Creating and deleting pods for an owner, with the events that tell of it. Upstream: RealPodControl in controller_utils.go.

import { type core_v1, pods } from "../../../api/index.ts";
import { errorText } from "../../../base/index.ts";
import type { Client, EventRecorder } from "../../../client/index.ts";
import { isNotFound, type KubeObject, type NewObject } from "../../../machinery/index.ts";
import { isNamespaceTerminating } from "../errors.ts";
import type { Expectations } from "../expectations.ts";
import { controllerReference } from "../owners.ts";

type Pod = core_v1.Pod;
type PodTemplate = core_v1.PodTemplateSpec;

export interface PodControl {
  /** Throws what the server said, after an event told of it. */
  create(owner: KubeObject, template: PodTemplate, options?: { readonly generateName?: string }): Promise<Pod>;
  /** Throws the server's 404, and an Error with upstream's text for other failures. */
  delete(owner: KubeObject, pod: Pod): Promise<void>;
}

export interface PodControlOptions {
  readonly client: Client;
  readonly recorder: EventRecorder;
  /** Told of each write, under the owner's key. */
  readonly expectations: Expectations;
  readonly keyOf: (owner: KubeObject) => string;
}

export function createPodControl(options: PodControlOptions): PodControl {
  const { recorder, expectations, keyOf } = options;
  const resource = options.client.of(pods);
  return {
    async create(owner, template, { generateName } = {}) {
      const pod = podFromTemplate(owner, template);
      const draft = generateName === undefined ? pod : { ...pod, metadata: { ...pod.metadata, generateName } };
      try {
        if (Object.keys(template.metadata?.labels ?? {}).length === 0)
          throw new Error("unable to create pods, no labels");
        const created = await resource.create(draft);
        expectations.created(keyOf(owner), created);
        const message = `Created pod: ${created.metadata.name}`;
        recorder.event(owner, { type: "Normal", reason: "SuccessfulCreate", message });
        return created;
      } catch (error) {
        if (!isNamespaceTerminating(error)) {
          const message = `Error creating: ${errorText(error)}`;
          recorder.event(owner, { type: "Warning", reason: "FailedCreate", message });
        }
        throw error;
      }
    },
    async delete(owner, pod) {
      try {
        await resource.delete(pod.metadata);
      } catch (error) {
        if (isNotFound(error)) throw error;
        const message = `Error deleting: ${errorText(error)}`;
        recorder.event(owner, { type: "Warning", reason: "FailedDelete", message });
        throw new Error(`unable to delete pods: ${errorText(error)}`, { cause: error });
      }
      expectations.deleted(keyOf(owner), pod);
      const message = `Deleted pod: ${pod.metadata.name}`;
      recorder.event(owner, { type: "Normal", reason: "SuccessfulDelete", message });
    },
  };
}

/** `name-`, as far as a label value of it would fit; upstream checks it as a pod name prefix. */
const podNamePrefix = (ownerName: string): string => {
  const prefix = `${ownerName}-`;
  return prefix.length > 253 ? ownerName : prefix;
};

export function podFromTemplate(owner: KubeObject, template: PodTemplate): NewObject<Pod> {
  const { labels, annotations, finalizers, ownerReferences } = template.metadata ?? {};
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      generateName: podNamePrefix(owner.metadata.name),
      namespace: owner.metadata.namespace ?? "",
      labels: { ...labels },
      ...(annotations !== undefined ? { annotations } : {}),
      ...(finalizers !== undefined ? { finalizers } : {}),
      ownerReferences: [controllerReference(owner), ...(ownerReferences ?? [])],
    },
    spec: template.spec ?? { containers: [] },
  };
}
