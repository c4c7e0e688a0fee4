// What `kubectl explain` says about storagemigration.k8s.io/v1beta1. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  StorageVersionMigration: {
    "": "Writes all stored objects of a resource anew, so that they are stored in the present version and encryption.",
    spec: "Which resource.",
    status: "How far it is.",
  },
  StorageVersionMigrationSpec: {
    "": "What is written anew.",
    resource: "Group and resource of the objects. Immutable.",
  },
  StorageVersionMigrationStatus: {
    "": "How far a migration is.",
    conditions: "The observed conditions: Running, Succeeded or Failed.",
    resourceVersion:
      "State of the objects when the migration began: objects as old as this, or older, are written anew.",
  },
};
