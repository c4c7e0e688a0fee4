// What `kubectl explain` says about coordination.k8s.io. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

export const v1: Descriptions = {
  Lease: {
    "": "A claim that somebody holds for a while and has to renew: instances of a component elect their leader with it, and kubelets show by it that their nodes live.",
    spec: "Who holds the lease, since when and for how long.",
  },
  LeaseSpec: {
    "": "Who holds a lease, since when and for how long.",
    acquireTime: "When the present holder got the lease.",
    holderIdentity: "Who holds the lease. With coordinated election it is the name of the elected LeaseCandidate.",
    leaseDurationSeconds: "Seconds after renewTime at which others may take the lease.",
    leaseTransitions: "How often the lease has changed hands.",
    preferredHolder: "Who should have the lease instead: the holder is to give it up. Only together with strategy.",
    renewTime: "When the holder last renewed the lease.",
    strategy:
      "How the leader is chosen among the LeaseCandidates. Without it the lease is not coordinated. Needs the feature gate CoordinatedLeaderElection.",
  },
};

/** v1alpha2 and v1beta1. */
export const candidates: Descriptions = {
  LeaseCandidate: {
    "": "Somebody who could hold a Lease. The server chooses the best of all candidates.",
    spec: "Which lease the candidate is for, and what the choice depends on.",
  },
  LeaseCandidateSpec: {
    "": "What the choice between the candidates for a lease depends on.",
    binaryVersion: "Version of the candidate's program, as major.minor.patch without a v.",
    emulationVersion:
      "Version whose behaviour the candidate shows, in the same form. Not above binaryVersion; required for the strategy OldestEmulationVersion.",
    leaseName: "Name of the Lease in the same namespace. Immutable.",
    pingTime: "When the server last asked the candidate to show that it is there. It answers by renewing renewTime.",
    renewTime: "When the candidate last showed that it is there. One that has not for hours is deleted.",
    strategy:
      "How to choose, e.g. OldestEmulationVersion. Where candidates differ, the one of the newest binaryVersion decides.",
  },
};
