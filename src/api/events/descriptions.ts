// What `kubectl explain` says about events.k8s.io/v1. An empty field name stands for the type itself.

import type { Descriptions } from "../lib/descriptions/contract.ts";

export const descriptions: Descriptions = {
  Event: {
    "": "Tells that something happened in the cluster, for people and for debugging. Events are kept for a short time only, may be lost, and their reasons may change: build nothing on them.",
    action: "What was done, or failed, as one CamelCase word. At most 128 characters; required for new events.",
    deprecatedCount: "How often the event has happened. Written by reporters of the old core/v1 form.",
    deprecatedFirstTimestamp: "When the event first happened. Written by reporters of the old core/v1 form.",
    deprecatedLastTimestamp: "When the event last happened. Written by reporters of the old core/v1 form.",
    deprecatedSource: "Who reports the event. Written by reporters of the old core/v1 form.",
    eventTime: "When the event was first seen.",
    note: "What happened, in words. At most 1024 bytes.",
    reason: "Why it was done, as one CamelCase word. At most 128 characters; required for new events.",
    regarding: "The object that the event is about.",
    related: "A second object that has a part in it, e.g. the one that was made or deleted.",
    reportingController: "Name of the component that reports, e.g. kubernetes.io/kubelet. Required for new events.",
    reportingInstance: "Which instance of that component reports. At most 128 characters; required for new events.",
    series: "How often the event has happened, if more than once.",
    type: "Normal or Warning. Required for new events.",
  },
  EventSeries: {
    "": "An event that happens again and again.",
    count: "How often it has happened so far.",
    lastObservedTime: "When it last happened.",
  },
};
