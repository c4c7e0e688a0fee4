// Types that all groups share: meta/v1, quantities, numbers that may be names, raw objects, the server's version. The first words of
// creationTimestamp are upstream's, since its conformance tests look for them.
import type { Descriptions } from "./contract.ts";

const selectorOperators = "In, NotIn, Exists or DoesNotExist.";
const selectorValues = "Needed for In and NotIn; must be empty for Exists and DoesNotExist.";

const discovery: Descriptions = {
  APIGroup: {
    "": "One API group as discovery tells of it: its name and its versions.",
    name: "Name of the group, such as apps or networking.k8s.io.",
    preferredVersion: "The version that clients without a wish of their own should use.",
    serverAddressByClientCIDRs:
      "Addresses of the server, by the network that a client is in. Empty: the address that was used for this answer.",
    versions: "All versions of the group that are served, the preferred one first.",
  },
  APIGroupList: {
    "": "What /apis answers: all groups but the core group.",
    groups: "The groups.",
  },
  APIResource: {
    "": "One resource or subresource of a group version: its names, scope and verbs.",
    categories: "Names under which kubectl gets several resources at once, such as all.",
    group: "Group of the resource's kind, where it differs from that of the list; Scale is one such kind.",
    kind: "Kind of the objects that are sent and answered here.",
    name: "Name in URLs, in the plural; for a subresource with a slash, as in deployments/scale.",
    namespaced: "Whether the objects are in namespaces.",
    shortNames: "Short names that kubectl takes, such as po for pods.",
    singularName: "The name in the singular, which kubectl takes too. Empty for subresources.",
    storageVersionHash:
      "A short opaque hash of the version that the objects are stored in. It changes when that version does; only comparison for equality makes sense.",
    verbs: "What can be done with it, such as get, list, watch, create, update, patch, delete.",
    version: "Version of the resource's kind, where it differs from that of the list.",
  },
  APIResourceList: {
    "": "What discovery answers for one group version: its resources and subresources.",
    groupVersion: "The group version that the resources are in.",
    resources: "The resources and their subresources.",
  },
  APIVersions: {
    "": "What /api answers: the versions of the core group.",
    serverAddressByClientCIDRs: "Addresses of the server, by the network that a client is in.",
    versions: "The versions of the core group that are served: v1.",
  },
  GroupResource: {
    "": "A resource without a version.",
  },
  GroupVersionForDiscovery: {
    "": "One version of a group, written in two ways so that clients need not split it.",
    groupVersion: "Group and version with a slash between them, as in apiVersion.",
    version: "The version alone, as it stands behind the slash.",
  },
  ServerAddressByClientCIDR: {
    "": "Which address of the server clients of one network should use.",
    clientCIDR: "The clients that this is for: those whose own address is in this CIDR.",
    serverAddress: "A host name or an IP address, with or without a port.",
  },
};

const objectMetadata: Descriptions = {
  Condition: {
    "": "One aspect of what an object's state is now, as seen by whoever watches over that aspect.",
    lastTransitionTime:
      "When the condition changed from one status to another; where that is not known, when the API object changed.",
    message: "Details for people; may be empty. At most 32768 characters.",
    observedGeneration:
      "The metadata.generation that the condition was set upon. If the object's is higher, the condition is out of date.",
    reason: "One CamelCase word, for programs, for the cause of the last transition. Never empty.",
    status: "True, False or Unknown.",
    type: "Name of the aspect in CamelCase, perhaps with a domain and a slash before it. Each type stands once.",
  },
  FieldsV1: {
    "": 'A set of fields, in JSON that nests as the object does: a key is "f:" and a field\'s name, "k:" and the keys of a list\'s item, "v:" and a value, or "i:" and an index; "." is the thing itself.',
  },
  LabelSelector: {
    "": "Which objects, by their labels: those that meet matchLabels and all of matchExpressions. An empty selector means all objects, an absent one none.",
    matchExpressions: "Requirements that must all be met.",
    matchLabels:
      "Labels that must be there with just these values: each is the same as an expression with In and one value.",
  },
  LabelSelectorRequirement: {
    "": "One requirement on one label: a key, an operator and values.",
    key: "The key of the label.",
    operator: `How the label's value relates to values: ${selectorOperators}`,
    values: `The values that the operator speaks of. ${selectorValues}`,
  },
  FieldSelectorRequirement: {
    "": "One requirement on one field: a key, an operator and values.",
    key: "Path of the field, as in metadata.name.",
    operator: `How the field's value relates to values: ${selectorOperators}`,
    values: `The values that the operator speaks of. ${selectorValues}`,
  },
  ListMeta: {
    "": "What a list says about itself: the version that it is of, and where it goes on when this is only a part.",
    continue:
      "Where the next part of the list begins, when there is one: it goes into the next request, with all else as it was. It is opaque and expires after some minutes.",
    remainingItemCount:
      "How many objects follow this part of the list, when it is known. With a label or field selector it is not.",
    resourceVersion: "The version that the list is of: a watch may begin there.",
    selfLink: "Deprecated: the server does not fill it.",
    shardInfo:
      "Set when the list is only a shard of the whole one, as the request's shardSelector asked. Needs the feature gate ShardedListAndWatch.",
  },
  ManagedFieldsEntry: {
    "": "Which fields one manager last set, by one way of writing.",
    apiVersion: "The group version in which fieldsV1 names the fields.",
    fieldsType: "The form of the set of fields: FieldsV1, the only one there is.",
    fieldsV1: "The fields.",
    manager: "Who manages them: the fieldManager parameter of the request, or the first word of its User-Agent.",
    operation: "Apply when they were set by server-side apply, Update for every other way of writing.",
    subresource:
      "The subresource by which they were set, such as status; empty for the object itself. The same manager has one entry for each.",
    time: "When the entry was made or its set of fields last changed.",
  },
  ObjectMeta: {
    "": "What every object that is stored has, whatever its kind.",
    annotations:
      "Keys and values of any form that tools and people keep with the object. They cannot be selected by. All together at most 256 KiB.",
    creationTimestamp:
      "CreationTimestamp is a timestamp of when the server created this object. Clients cannot set it.",
    deletionGracePeriodSeconds:
      "Number of seconds that the object has to end by itself once its deletion was asked for. Only ever shortened; the server sets it.",
    deletionTimestamp:
      "When the object is to be gone. The server sets it when deletion is asked for; it is never taken back. The object goes when finalizers is empty.",
    finalizers:
      "Who still has something to do before the object can go: each takes its entry away when it is done, and a deleted object stays until none is left. Once deletion has begun none can be added.",
    generateName: "What the name begins with when none is given: the server adds five random characters.",
    generation: "A sequence number that grows with each change of the desired state. The server sets it.",
    labels: "Keys and values by which objects are grouped and selected, by Services and controllers among others.",
    managedFields:
      "Which manager set which fields, and how. Server-side apply keeps it to find conflicts; few clients need to read it.",
    name: "Name of the object, unique among those of its resource in the namespace. It cannot be changed.",
    namespace:
      "The namespace that the object is in; its name is unique only there. It cannot be changed. Empty for objects that belong to the whole cluster.",
    ownerReferences:
      "Objects that this one depends on: once all of them are gone, it is deleted as well. At most one of them is its controller.",
    resourceVersion:
      "An opaque value that represents the version of this object: equal values mean that nothing changed. An update that names it fails with a conflict if the object has changed since.",
    selfLink: "Deprecated: the server does not fill it.",
    uid: "An id that no other object has or ever had. The server sets it; an object of the same name made later has another.",
  },
  OwnerReference: {
    "": "An object on which this one depends: in the same namespace, or of the whole cluster.",
    apiVersion: "Group and version of the owner.",
    blockOwnerDeletion:
      "Whether the owner, when it is deleted in the foreground, waits until this object is gone. Where the admission plugin OwnerReferencesPermissionEnforcement is on, only who may update the owner's finalizers can set it. Default false.",
    controller: "Whether the owner is the controller that manages this object.",
    kind: "Kind of the owner.",
    name: "Name of the owner.",
    uid: "UID of the owner: an object of the same name with another UID is not it.",
  },
  MicroTime: { "": "A time with microseconds, written as RFC 3339." },
  Time: { "": "A time in whole seconds, written as RFC 3339, such as 2026-04-22T10:00:00Z." },
  ShardInfo: {
    "": "Which shard of all objects a list holds.",
    selector: "The shard selector of the request, so that clients can check what they got and put shards together.",
  },
};

const requests: Descriptions = {
  DeleteOptions: {
    "": "How an object is to be deleted; may be sent as the body of a DELETE.",
    dryRun: "With All everything is checked and nothing is deleted. No other value is known.",
    gracePeriodSeconds:
      "How long the object may take to end, in seconds; 0 at once. Left out, what the object or its kind says: terminationGracePeriodSeconds for pods.",
    ignoreStoreReadErrorWithClusterBreakingPotential:
      "Delete an object whose stored form cannot be read, without finalizers and preconditions. What depends on it may break. Needs the verb unsafe-delete-ignore-read-errors and the feature gate AllowUnsafeMalformedObjectDeletion. Default false.",
    orphanDependents:
      "Deprecated: use propagationPolicy. Whether objects that this one owns stay. Not together with propagationPolicy.",
    preconditions: "What must be true of the object, else it is not deleted and a conflict is answered.",
    propagationPolicy:
      "What becomes of objects that this one owns: Orphan leaves them, Background deletes them afterwards, Foreground before it. The default depends on the kind and on finalizers that are there.",
  },
  Patch: {
    "": "The body of a PATCH; its form is what the Content-Type says: a JSON patch, a merge patch, a strategic merge patch or an applied configuration.",
  },
  Preconditions: {
    "": "What must be true of an object before it is deleted.",
    resourceVersion: "The object must be just of this version.",
    uid: "The object must have this UID, so that a later one of the same name is safe.",
  },
  Status: {
    "": "How a request ended, where no object is answered: most often an error.",
    code: "The HTTP status code of the answer.",
    details:
      "More about the reason: which object, which fields, when to try again. What is filled depends on the reason.",
    message: "What happened, for people.",
    reason:
      "What happened, for programs, such as NotFound, AlreadyExists, Conflict or Invalid; finer than the code. Empty when nothing more is known.",
    status: "Success or Failure.",
  },
  StatusCause: {
    "": "One of the causes of a failure.",
    field: "The field that is the cause, by its path in JSON with indexes from 0, as in items[0].name.",
    message: "The cause, for people.",
    reason: "The cause, for programs, such as FieldValueRequired or FieldValueInvalid.",
  },
  StatusDetails: {
    "": "What belongs to the reason of a Status. Each reason fills other fields; any may be empty.",
    causes: "The single causes, such as one for each field that is wrong.",
    group: "API group of the object or resource.",
    kind: "The kind of the object that this is about; often the name of the resource instead.",
    name: "Name of the object, where it is about one.",
    retryAfterSeconds:
      "After how many seconds the request may be tried again; with some errors, after which something else should be done.",
    uid: "UID of the object, where it is about one.",
  },
  WatchEvent: {
    "": "One change, as a watch sends it.",
    object:
      "For ADDED and MODIFIED the object as it now is, for DELETED as it last was. For BOOKMARK only its resourceVersion counts. For ERROR, most often a Status.",
  },
};

export const metaV1: Descriptions = { ...discovery, ...objectMetadata, ...requests };

export const runtime: Descriptions = {
  RawExtension: {
    "": "An object of any kind as it is written, with its apiVersion and kind; whoever made this field says which kinds fit.",
  },
};

export const intstr: Descriptions = {
  IntOrString: { "": "A whole number, or a string: a percentage such as 25%, or the name of a port." },
};

export const quantity: Descriptions = {
  Quantity: {
    "": "An amount: a decimal number with a suffix or an exponent. Suffixes are n, u, m (thousandths), k, M, G, T, P, E (powers of 1000), Ki, Mi, Gi, Ti, Pi, Ei (powers of 1024); 500m is half of one, 1Gi is 1073741824. At most 2^63-1 and three digits after the point. The server writes it in one canonical form.",
  },
};

export const version: Descriptions = {
  Info: {
    "": "What /version answers: what the server is and how it was built.",
    emulationMajor: "Major number of the version whose behaviour the server shows, where it can be older than its own.",
    emulationMinor: "Minor number of the version whose behaviour the server shows.",
    major: "Major number of the server's version: 1.",
    minCompatibilityMajor: "Major number of the oldest version that the server can work together with.",
    minCompatibilityMinor: "Minor number of the oldest version that the server can work together with.",
    minor: "Minor number of the server's version.",
  },
};
