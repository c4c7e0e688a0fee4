// What `kubectl explain` says about internal.apiserver.k8s.io/v1alpha1. An empty field name stands for the type itself.

import { conditionFields } from "../lib/descriptions/conditions.ts";
import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  ServerStorageVersion: {
    "": "In which versions one API server reads and writes a resource.",
    apiServerID: "Name of the API server's identity lease.",
    decodableVersions: "Versions of stored objects that the server can read. encodingVersion is one of them.",
    encodingVersion: "Version in which the server stores objects.",
    servedVersions: "Versions that clients can ask the server for. All are among decodableVersions.",
  },
  StorageVersion: {
    "": "In which version each API server of the cluster stores a resource. The servers keep it, to find out when they agree.",
    metadata: "Standard object's metadata. The name is <group>.<resource>.",
    spec: "Empty; it is there because every object has one.",
    status: "The versions of each API server.",
  },
  StorageVersionCondition: {
    "": "One observed aspect of a storage version.",
    ...conditionFields,
    observedGeneration: "The metadata.generation that this condition is about.",
    type: "AllEncodingVersionsEqual: all servers store the resource in the same version.",
  },
  StorageVersionSpec: {
    "": "Nothing: there is nothing to ask for.",
  },
  StorageVersionStatus: {
    "": "In which versions the API servers store a resource.",
    commonEncodingVersion: "The version in which all API servers store the resource. Empty while they differ.",
    conditions: "The observed conditions, one for each type.",
    storageVersions: "The versions of each API server.",
  },
};
