// ConfigMaps, Secrets, service accounts, and references to them and to other objects.
import type { Descriptions } from "../../lib/descriptions/contract.ts";

export const config: Descriptions = {
  ConfigMap: {
    "": "Configuration as keys and values, which pods read as files or environment variables.",
    binaryData: "Values that are no UTF-8 text, in base64. No key of data. Both together at most 1 MiB.",
    data: "Values that are UTF-8 text. Keys are letters, digits, dashes, underscores and dots.",
    immutable: "Whether neither the values nor this can be changed any more. Default false.",
  },
  Secret: {
    "": "Passwords, keys and the like, which pods read as files or environment variables. Unless the cluster encrypts its store, it holds them in plain.",
    data: "The values in base64; all together at most 1 MiB. Keys are letters, digits, dashes, underscores and dots.",
    immutable: "Whether neither the values nor this can be changed any more. Default false.",
    stringData:
      "Values as plain text, for writing alone: they are put into data, in place of what is there. Never answered.",
    type: "What it is for: Opaque, kubernetes.io/tls, kubernetes.io/dockerconfigjson or a name of your own. Some demand certain keys. Default Opaque, immutable.",
  },
  ServiceAccount: {
    "": "An identity of programs: pods use it towards the API server, and others that trust its tokens.",
    automountServiceAccountToken:
      "Whether pods that run as it get a token as a file. Pods may say otherwise. Default true.",
    imagePullSecrets: "Secrets with credentials of registries, for pods that run as it and name none themselves.",
    secrets:
      "Deprecated: Secrets that its pods may use, checked only where the annotation kubernetes.io/enforce-mountable-secrets is true.",
  },
  LocalObjectReference: {
    "": "An object of the same namespace, by its name.",
    name: "Name of the object.",
  },
  SecretReference: {
    "": "A Secret, perhaps of another namespace.",
    name: "Name of the Secret.",
    namespace: "Namespace of the Secret.",
  },
  ObjectReference: {
    "": "An object, or a part of one. Which fields are set depends on who wrote it; new types had better use a reference of their own.",
    apiVersion: "API version of the object.",
    fieldPath: "The part that is meant, as a path such as spec.containers{name}. Absent: the object as a whole.",
    kind: "Kind of the object.",
    name: "Name of the object.",
    namespace: "Namespace of the object.",
    resourceVersion: "Version of the object, where a certain one is meant.",
    uid: "UID of the object.",
  },
};
