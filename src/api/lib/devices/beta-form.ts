// resource.k8s.io/v1beta1, where a request names its devices without `exactly`, and a device wraps all but its name in `basic`.
// Upstream: pkg/apis/resource/v1beta1/conversion.go.
import type * as v1 from "../../../../facts/types/resource.v1.ts";
import type * as beta from "../../../../facts/types/resource.v1beta1.ts";

const apiVersions = { stored: "resource.k8s.io/v1", beta: "resource.k8s.io/v1beta1" } as const;

function requestToStored({ name, firstAvailable, ...exactly }: beta.DeviceRequest): v1.DeviceRequest {
  const isExact = Object.values(exactly).some((value) => value !== undefined && value !== "" && value !== 0);
  return {
    name,
    ...(isExact ? { exactly: exactly as v1.ExactDeviceRequest } : {}),
    ...(firstAvailable === undefined ? {} : { firstAvailable }),
  };
}

const requestFromStored = ({ exactly, ...rest }: v1.DeviceRequest): beta.DeviceRequest => ({ ...rest, ...exactly });

/** Of a claim's and of a template's spec. */
const withRequests = <From, To>(
  spec: { readonly devices?: { readonly requests?: readonly From[] } } | undefined,
  convert: (request: From) => To,
): object => {
  const requests = spec?.devices?.requests;
  return requests === undefined
    ? { ...spec }
    : { ...spec, devices: { ...spec?.devices, requests: requests.map((each) => convert(each)) } };
};

export const claimForms = {
  toStored: (claim: beta.ResourceClaim): v1.ResourceClaim =>
    ({ ...claim, apiVersion: apiVersions.stored, spec: withRequests(claim.spec, requestToStored) }) as v1.ResourceClaim,
  fromStored: (claim: v1.ResourceClaim): beta.ResourceClaim =>
    ({
      ...claim,
      apiVersion: apiVersions.beta,
      spec: withRequests(claim.spec, requestFromStored),
    }) as beta.ResourceClaim,
};

export const claimTemplateForms = {
  toStored: (template: beta.ResourceClaimTemplate): v1.ResourceClaimTemplate =>
    ({
      ...template,
      apiVersion: apiVersions.stored,
      spec: { ...template.spec, spec: withRequests(template.spec?.spec, requestToStored) },
    }) as v1.ResourceClaimTemplate,
  fromStored: (template: v1.ResourceClaimTemplate): beta.ResourceClaimTemplate =>
    ({
      ...template,
      apiVersion: apiVersions.beta,
      spec: { ...template.spec, spec: withRequests(template.spec?.spec, requestFromStored) },
    }) as beta.ResourceClaimTemplate,
};

const deviceToStored = ({ name, basic }: beta.Device): v1.Device => ({ name, ...basic });
const deviceFromStored = ({ name, ...basic }: v1.Device): beta.Device => ({ name, basic });

/** Empty and false say the same as absent in v1beta1. */
function sliceSpecToStored(spec: beta.ResourceSliceSpec | undefined): object {
  const { nodeName, allNodes, devices, ...rest } = spec ?? ({} as Partial<beta.ResourceSliceSpec>);
  return {
    ...rest,
    ...(nodeName ? { nodeName } : {}),
    ...(allNodes ? { allNodes } : {}),
    ...(devices === undefined ? {} : { devices: devices.map(deviceToStored) }),
  };
}

export const sliceForms = {
  toStored: (slice: beta.ResourceSlice): v1.ResourceSlice =>
    ({ ...slice, apiVersion: apiVersions.stored, spec: sliceSpecToStored(slice.spec) }) as v1.ResourceSlice,
  fromStored: (slice: v1.ResourceSlice): beta.ResourceSlice => {
    const { devices, ...rest } = slice.spec;
    const spec = { ...rest, ...(devices === undefined ? {} : { devices: devices.map(deviceFromStored) }) };
    return { ...slice, apiVersion: apiVersions.beta, spec } as beta.ResourceSlice;
  },
};
