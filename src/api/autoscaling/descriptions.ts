// What `kubectl explain` says about autoscaling/v2, and what version 1 has beside it. An empty field name stands for the type itself.

import { conditionFields } from "../lib/descriptions/conditions.ts";
import type { Descriptions } from "../lib/descriptions/contract.ts";

const reference = {
  "": "Points to an object in the same namespace that can be scaled or measured.",
  apiVersion: "API version of that object, e.g. apps/v1.",
  kind: "Kind of that object, e.g. Deployment.",
  name: "Name of that object.",
};

const autoscaler = {
  "": "Changes the number of pods of a workload by itself, so that measured values stay near their targets.",
  spec: "What to scale, within which limits, and by which measures.",
  status: "What the autoscaler last measured and decided.",
};

const spec = {
  maxReplicas: "The most pods that the autoscaler may ask for. Not below minReplicas.",
  minReplicas:
    "The fewest pods that the autoscaler may ask for. 1 by default; 0 only with the feature gate HPAScaleToZero and an object or external metric.",
  scaleTargetRef: "The workload to scale. It must have the subresource scale.",
};

const status = {
  currentReplicas: "Number of pods that the workload had when last looked at.",
  desiredReplicas: "Number of pods that the autoscaler last asked for.",
  lastScaleTime: "When the autoscaler last changed the number of pods.",
  observedGeneration: "The metadata.generation that this status is about.",
};

export const v1: Descriptions = {
  CrossVersionObjectReference: reference,
  HorizontalPodAutoscaler: {
    ...autoscaler,
    "": "Changes the number of pods of a workload by itself, so that their CPU use stays near a target. Version 2 knows other measures too; here they are in annotations.",
  },
  HorizontalPodAutoscalerSpec: {
    "": "What an autoscaler is asked to do.",
    ...spec,
    targetCPUUtilizationPercentage:
      "Wanted CPU use of the pods on average, in percent of what they request. 80 by default, when no other metric is given.",
  },
  HorizontalPodAutoscalerStatus: {
    "": "What an autoscaler last saw and did.",
    ...status,
    currentCPUUtilizationPercentage: "Measured CPU use of the pods on average, in percent of what they request.",
  },
  Scale: {
    "": "The number of pods of a workload, apart from the rest of it: what the subresource scale reads and writes.",
    spec: "How many pods are wanted.",
    status: "How many pods there are.",
  },
  ScaleSpec: {
    "": "How many pods a workload is to have.",
    replicas: "Number of pods wanted. 0 by default.",
  },
  ScaleStatus: {
    "": "How many pods a workload has, and how to find them.",
    replicas: "Number of pods that were there when the workload's controller last looked.",
    selector: "Labels of the pods as a selector in text form, ready for a list request. Autoscalers need it.",
  },
};

export const v2: Descriptions = {
  ContainerResourceMetricSource: {
    "": "CPU, memory or the like of one container of each pod, averaged over the pods.",
    container: "Name of the container.",
    name: "Name of the resource, e.g. cpu.",
    target: "The wanted value: Utilization or AverageValue.",
  },
  ContainerResourceMetricStatus: {
    "": "The measured value of a container's resource.",
    container: "Name of the container.",
    current: "The value measured last.",
    name: "Name of the resource.",
  },
  CrossVersionObjectReference: reference,
  ExternalMetricSource: {
    "": "A measure from outside the cluster, e.g. the length of a queue.",
    metric: "Name and selector of the metric.",
    target: "The wanted value: Value for the whole, or AverageValue for each pod.",
  },
  ExternalMetricStatus: {
    "": "The measured value of an external metric.",
    current: "The value measured last.",
    metric: "Name and selector of the metric.",
  },
  HPAScalingPolicy: {
    "": "One limit to how fast the number of pods may change.",
    periodSeconds: "Length in seconds of the past time in which the change is counted. 1 to 1800.",
    type: "Pods: value is a number of pods. Percent: it is a percentage of the pods at the beginning of the period.",
    value: "By how much the number may change within the period. Above 0.",
  },
  HPAScalingRules: {
    "": "How fast, and how easily, the number of pods changes in one direction.",
    policies:
      "Limits to the speed. By default up to 4 pods or twice the number in 15 seconds upwards, and no limit downwards.",
    selectPolicy:
      "Which limit counts when there are several: Max (default) the widest, Min the tightest, Disabled stops scaling in this direction.",
    stabilizationWindowSeconds:
      "Seconds of earlier recommendations to take into account: the safest of them is taken, against ups and downs. 0 to 3600; by default 0 upwards and 300 downwards.",
    tolerance:
      "How far the measured value may be from its target, as a fraction of it, before anything changes: 0.05 is 5 %. By default the controller manager's, which is 0.1.",
  },
  HorizontalPodAutoscaler: autoscaler,
  HorizontalPodAutoscalerBehavior: {
    "": "How the number of pods may change in each direction.",
    scaleDown: "Rules for fewer pods. By default down to minReplicas, with a window of 300 seconds.",
    scaleUp: "Rules for more pods. By default up to 4 pods or twice the number every 15 seconds, with no window.",
  },
  HorizontalPodAutoscalerCondition: {
    "": "One observed aspect of an autoscaler.",
    ...conditionFields,
    type: "ScalingActive (metrics can be had), AbleToScale (the target can be scaled) or ScalingLimited (minReplicas or maxReplicas hold it back).",
  },
  HorizontalPodAutoscalerSpec: {
    "": "What an autoscaler is asked to do.",
    ...spec,
    behavior: "How fast the number of pods may change up and down. Defaults hold for what is not given.",
    metrics:
      "The measures, each with a target. Each gives a number of pods, and the greatest of them is taken. By default CPU at 80 % of what the pods request.",
  },
  HorizontalPodAutoscalerStatus: {
    "": "What an autoscaler last saw and did.",
    ...status,
    conditions: "The observed conditions, one for each type.",
    currentMetrics: "The values that were last measured.",
  },
  MetricIdentifier: {
    "": "Says which metric is meant.",
    name: "Name of the metric.",
    selector: "Narrows the metric down by labels, as far as the metrics server can. By default the name alone counts.",
  },
  MetricSpec: {
    "": "One measure to scale by. Besides the type, exactly the one field that it names is set.",
    containerResource: "CPU, memory or the like of one container of each pod.",
    external: "A measure from outside the cluster.",
    object: "A measure of one other object in the namespace, e.g. requests per second of an Ingress.",
    pods: "A measure of each pod of the workload, averaged.",
    resource: "CPU, memory or the like of each pod, as named in its requests.",
    type: "Which of the other fields is set: ContainerResource, External, Object, Pods or Resource.",
  },
  MetricStatus: {
    "": "The measured value of one metric. Besides the type, exactly the one field that it names is set.",
    containerResource: "Value of a resource of one container of each pod.",
    external: "Value of a metric from outside the cluster.",
    object: "Value of a metric of one other object.",
    pods: "Value of a metric of the pods.",
    resource: "Value of a resource of the pods.",
    type: "Which of the other fields is set: ContainerResource, External, Object, Pods or Resource.",
  },
  MetricTarget: {
    "": "The value that a metric is to be near to. The field that the type names is set.",
    averageUtilization: "Percentage of what the pods request, on average. Only for Resource and ContainerResource.",
    averageValue: "The metric divided by the number of pods.",
    type: "Utilization, Value or AverageValue.",
    value: "The metric as a whole.",
  },
  MetricValueStatus: {
    "": "A measured value.",
    averageUtilization: "Percentage of what the pods request, on average. Only for resources.",
    averageValue: "The metric divided by the number of pods.",
    value: "The metric as a whole.",
  },
  ObjectMetricSource: {
    "": "A measure of one object of the namespace.",
    describedObject: "The object that is measured.",
    metric: "Name and selector of the metric.",
    target: "The wanted value: Value for the whole, or AverageValue for each pod.",
  },
  ObjectMetricStatus: {
    "": "The measured value of an object's metric.",
    current: "The value measured last.",
    describedObject: "The object that is measured.",
    metric: "Name and selector of the metric.",
  },
  PodsMetricSource: {
    "": "A measure that each pod has, averaged over the pods.",
    metric: "Name and selector of the metric.",
    target: "The wanted value, as AverageValue.",
  },
  PodsMetricStatus: {
    "": "The measured value of a metric of the pods.",
    current: "The value measured last.",
    metric: "Name and selector of the metric.",
  },
  ResourceMetricSource: {
    "": "CPU, memory or the like of the pods, averaged over them. All containers of a pod count.",
    name: "Name of the resource, e.g. cpu.",
    target: "The wanted value: Utilization or AverageValue.",
  },
  ResourceMetricStatus: {
    "": "The measured value of a resource of the pods.",
    current: "The value measured last.",
    name: "Name of the resource.",
  },
};
