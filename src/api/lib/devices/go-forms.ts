// How upstream prints the specs of claims and of templates in "field is immutable", and device attributes.
// Upstream: the structs of pkg/apis/resource/types.go.
import { type GoForm, goList, goMap, goNumber, goOptional, goPointer, goString, goStruct } from "../go-form.ts";

const capacity = goOptional(goStruct({ Requests: goMap(goPointer) }));
const deviceSelectors = goList(goStruct({ CEL: ["cel", goOptional(goStruct({ Expression: goString }))] }));
const tolerations = goList(
  goStruct({ Key: goString, Operator: goString, Value: goString, Effect: goString, TolerationSeconds: goPointer }),
);
const opaque = goOptional(goStruct({ Driver: goString, Parameters: goPointer }));

const exact = goStruct({
  DeviceClassName: goString,
  Selectors: deviceSelectors,
  AllocationMode: goString,
  Count: goNumber,
  AdminAccess: goPointer,
  Tolerations: tolerations,
  Capacity: capacity,
});
const alternative = goStruct({
  Name: goString,
  DeviceClassName: goString,
  Selectors: deviceSelectors,
  AllocationMode: goString,
  Count: goNumber,
  Tolerations: tolerations,
  Capacity: capacity,
});

export const goClaimSpec: GoForm = goStruct({
  Devices: goStruct({
    Requests: goList(goStruct({ Name: goString, Exactly: goOptional(exact), FirstAvailable: goList(alternative) })),
    Constraints: goList(
      goStruct({ Requests: goList(goString), MatchAttribute: goPointer, DistinctAttribute: goPointer }),
    ),
    Config: goList(goStruct({ Requests: goList(goString), Opaque: opaque })),
  }),
});

export const goAttribute: GoForm = goStruct({
  IntValue: ["int", goPointer],
  BoolValue: ["bool", goPointer],
  StringValue: ["string", goPointer],
  VersionValue: ["version", goPointer],
  IntValues: ["ints", goPointer],
  BoolValues: ["bools", goPointer],
  StringValues: ["strings", goPointer],
  VersionValues: ["versions", goPointer],
});

const requirement = goStruct({ Key: goString, Operator: goString, Values: goList(goString) });
export const goNodeSelectorTerms: GoForm = goList(
  goStruct({ MatchExpressions: goList(requirement), MatchFields: goList(requirement) }),
);

const result = goStruct({
  Request: goString,
  Driver: goString,
  Pool: goString,
  Device: goString,
  AdminAccess: goPointer,
  Tolerations: tolerations,
  BindingConditions: goList(goString),
  BindingFailureConditions: goList(goString),
  ShareID: goPointer,
  ConsumedCapacity: goMap(goPointer),
});

export const goAllocation: GoForm = goStruct({
  Devices: goStruct({
    Results: goList(result),
    Config: goList(goStruct({ Source: goString, Requests: goList(goString), Opaque: opaque })),
  }),
  NodeSelector: goOptional(goStruct({ NodeSelectorTerms: goNodeSelectorTerms })),
  AllocationTimestamp: goPointer,
});
