// What `kubectl explain` says about the fields that every object has. The other kinds' fields have no description here; custom resources bring
// their own. The first words of each are upstream's, since its tests and its users' scripts look for them.
const typeMeta = {
  apiVersion: "APIVersion defines which version of the API this object is written in: the group, a slash, the version.",
  kind: "Kind is a string value that names the REST resource this object stands for, in CamelCase. It cannot be changed.",
};

const listMetadata = "Standard list metadata: the version of the whole list and where its next part begins.";

const objectMeta: Readonly<Record<string, string>> = {
  annotations:
    "Annotations is an unstructured key value map for tools that keep something of their own with the object.",
  creationTimestamp: "CreationTimestamp is a timestamp of when the server created this object. Clients cannot set it.",
  deletionGracePeriodSeconds: "Number of seconds that the object has to end by itself once its deletion was asked for.",
  deletionTimestamp:
    "DeletionTimestamp is RFC 3339 date and time at which this object is to be gone. The server sets it.",
  finalizers:
    "Must be empty before the object is deleted from the registry: each entry is somebody who still has to act.",
  generateName: "GenerateName is an optional prefix, used by the server to generate a unique name when none is given.",
  generation: "A sequence number that grows with each change of the desired state. The server sets it.",
  labels: "Map of string keys and values by which objects are grouped and selected.",
  managedFields: "ManagedFields maps workflow-id and version to the set of fields that are managed by that workflow.",
  name: "Name must be unique within a namespace. It cannot be changed.",
  namespace: "Namespace defines the space within which each name must be unique. It cannot be changed.",
  ownerReferences: "List of objects depended by this object: once all of them are gone, it is deleted as well.",
  resourceVersion:
    "An opaque value that represents the version of this object: equal values mean that nothing changed.",
  selfLink: "Deprecated: the server does not fill it.",
  uid: "UID is the unique in time and space value for this object. The server sets it.",
};

const listMeta: Readonly<Record<string, string>> = {
  continue: "continue may be set when there is more to read: it goes into the next request.",
  remainingItemCount:
    "remainingItemCount is the number of objects that follow this part of the list, when it is known.",
  resourceVersion: "String that identifies the server's internal version of the list: a watch may begin there.",
  selfLink: "Deprecated: the server does not fill it.",
};

const definitions: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": objectMeta,
  "io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta": listMeta,
};

/** Of a field of a definition; undefined where nothing is said. */
export const fieldDescription = (definition: string, field: string): string | undefined =>
  definitions[definition]?.[field];

/** Of the fields that a custom resource and its list have of themselves. */
export const customDescriptions = {
  ...typeMeta,
  metadata: "Standard object's metadata: its names, labels, annotations and what the server notes about it.",
  listMetadata,
  items: (plural: string): string => `List of ${plural}.`,
} as const;
