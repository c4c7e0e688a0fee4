// Containers of every sort. Upstream: pkg/apis/core/validation validateContainers, validateInitContainers,
// validateEphemeralContainers.
import type {
  Container,
  ContainerResizePolicy,
  EphemeralContainer,
  PodSpec,
  Volume,
  VolumeDevice,
  VolumeMount,
} from "../../../../facts/types/core.v1.ts";
import { field } from "../../../machinery/index.ts";
import { descendingPath, noBacksteps } from "../paths.ts";
import { containerResourceName, resourceRequirements } from "../resource-rules.ts";
import {
  type Check,
  child,
  dnsLabel,
  type Findings,
  item,
  oneOf,
  required,
  visit,
  worthChecking,
} from "../validate.ts";
import { containerPorts, envFrom, envVars } from "./env.ts";
import { lifecycle, type ProbeKind, probe, restartPolicy } from "./handlers.ts";
import { containerSecurity } from "./security.ts";
import { pullPolicy } from "./volumes.ts";

/** What the pod around it says to a container. */
export interface ContainerContext {
  readonly spec: PodSpec;
  readonly volumes: ReadonlyMap<string, Volume>;
  readonly claims: ReadonlySet<string>;
}

type AnyContainer = Container | EphemeralContainer;
const probes: readonly ProbeKind[] = ["livenessProbe", "readinessProbe", "startupProbe"];

const propagation = oneOf("Bidirectional", "HostToContainer", "None");
const readOnlyMode = oneOf("Disabled", "Enabled", "IfPossible");

/** Reported at the list: upstream leaves the index out of these paths. */
function mountDetails(
  container: AnyContainer,
  { mount, at }: { readonly mount: VolumeMount; readonly at: string },
  found: Findings,
): void {
  const { mountPropagation, recursiveReadOnly } = mount;
  if (mountPropagation !== undefined) {
    const path = child(at, "mountPropagation");
    propagation(mountPropagation, path, found);
    if (mountPropagation === "Bidirectional" && container.securityContext?.privileged !== true)
      found.push(field.forbidden(path, "Bidirectional mount propagation is available only to privileged containers"));
  }
  if (recursiveReadOnly === undefined || recursiveReadOnly === "Disabled") return;
  const path = child(at, "recursiveReadOnly");
  if (recursiveReadOnly !== "Enabled" && recursiveReadOnly !== "IfPossible") {
    readOnlyMode(recursiveReadOnly, path, found);
    return;
  }
  if (!mount.readOnly) found.push(field.forbidden(path, "may only be specified when readOnly is true"));
  if (mountPropagation !== undefined && mountPropagation !== "None")
    found.push(field.forbidden(path, "may only be specified when mountPropagation is None or not specified"));
}

const mounts =
  (container: AnyContainer, context: ContainerContext): Check<readonly VolumeMount[] | undefined> =>
  (list, at, found) => {
    if (list === undefined) return;
    const paths = new Set<string>();
    const devices = container.volumeDevices ?? none;
    visit(list, found, (mount, index) => {
      const name = child(item(at, index), "name");
      const path = child(item(at, index), "mountPath");
      const { name: volume = "", mountPath = "", subPath = "", subPathExpr = "" } = mount;
      if (volume === "") found.push(field.required(name));
      if (!context.volumes.has(volume)) found.push(field.notFound(name, volume));
      if (mountPath === "") found.push(field.required(path));
      if (paths.has(mountPath)) found.push(field.invalid(path, mountPath, "must be unique"));
      paths.add(mountPath);
      if (devices.some((device) => device.name === volume))
        found.push(field.invalid(name, volume, "must not already exist in volumeDevices"));
      if (devices.some((device) => device.devicePath === mountPath))
        found.push(field.invalid(path, mountPath, "must not already exist as a path in volumeDevices"));
      if (subPath !== "") descendingPath(subPath, child(at, "subPath"), found);
      if (subPathExpr !== "") {
        if (subPath !== "")
          found.push(
            field.invalid(
              child(item(at, index), "subPathExpr"),
              subPathExpr,
              "subPathExpr and subPath are mutually exclusive",
            ),
          );
        descendingPath(subPathExpr, child(at, "subPathExpr"), found);
      }
      mountDetails(container, { mount, at }, found);
    });
  };
const none: readonly never[] = [];

const devices =
  (container: AnyContainer, context: ContainerContext): Check<readonly VolumeDevice[] | undefined> =>
  (list, at, found) => {
    if (list === undefined) return;
    const names = new Set<string>();
    const paths = new Set<string>();
    for (const [index, { name: volume = "", devicePath = "" }] of worthChecking(list, found)) {
      const name = child(item(at, index), "name");
      const path = child(item(at, index), "devicePath");
      const source = context.volumes.get(volume);
      if (volume === "") found.push(field.required(name));
      if (names.has(volume)) found.push(field.invalid(name, volume, "must be unique"));
      if (source === undefined) found.push(field.notFound(name, volume));
      else if (!source.persistentVolumeClaim && !source.ephemeral)
        found.push(
          field.invalid(
            name,
            volume,
            "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
          ),
        );
      if (devicePath === "") found.push(field.required(path));
      if (paths.has(devicePath)) found.push(field.invalid(path, devicePath, "must be unique"));
      const steps: Findings = [];
      noBacksteps(devicePath, path, steps);
      if (steps.length > 0) found.push(field.invalid(path, devicePath, "can not contain backsteps ('..')"));
      else paths.add(devicePath);
      if (container.volumeMounts?.some((mount) => mount.name === volume))
        found.push(field.invalid(name, volume, "must not already exist in volumeMounts"));
      if (container.volumeMounts?.some((mount) => mount.mountPath === devicePath))
        found.push(field.invalid(path, devicePath, "must not already exist as a path in volumeMounts"));
      if (volume !== "") names.add(volume);
    }
  };

const resizedResource = required(oneOf("cpu", "memory"));
const resizeRestart = required(oneOf("NotRequired", "RestartContainer"));

const resizePolicy =
  (spec: PodSpec): Check<readonly ContainerResizePolicy[] | undefined> =>
  (list, at, found) => {
    if (list === undefined) return;
    const seen = new Set<string>();
    for (const [index, policy] of worthChecking(list, found)) {
      if (seen.has(policy.resourceName)) found.push(field.duplicate(item(at, index), policy.resourceName ?? ""));
      seen.add(policy.resourceName);
      resizedResource(policy.resourceName, at, found);
      resizeRestart(policy.restartPolicy, at, found);
      if (spec.restartPolicy === "Never" && policy.restartPolicy !== "NotRequired")
        found.push(
          field.invalid(at, policy.restartPolicy ?? "", "must be 'NotRequired' when pod `restartPolicy` is 'Never'"),
        );
    }
  };

const label = required(dnsLabel);
const need = required();
const messagePolicy = required(oneOf("File", "FallbackToLogsOnError"));
const securityOf = {
  sharingUsers: containerSecurity({ hostUsers: true }),
  ownUsers: containerSecurity({ hostUsers: false }),
};

/** Rules of all three sorts. */
const common =
  (context: ContainerContext): Check<AnyContainer> =>
  (container, at, found) => {
    const { spec } = context;
    label(container.name, child(at, "name"), found);
    need(container.image, child(at, "image"), found);
    messagePolicy(container.terminationMessagePolicy, child(at, "terminationMessagePolicy"), found);
    containerPorts(container.ports, child(at, "ports"), found);
    envVars(container.env, child(at, "env"), found);
    envFrom(container.envFrom, child(at, "envFrom"), found);
    mounts(container, context)(container.volumeMounts, child(at, "volumeMounts"), found);
    devices(container, context)(container.volumeDevices, child(at, "volumeDevices"), found);
    pullPolicy(container.imagePullPolicy, child(at, "imagePullPolicy"), found);
    resourceRequirements(containerResourceName, context.claims)(container.resources, child(at, "resources"), found);
    resizePolicy(spec)(container.resizePolicy, child(at, "resizePolicy"), found);
    const security = spec.hostUsers === false ? securityOf.ownUsers : securityOf.sharingUsers;
    security(container.securityContext, child(at, "securityContext"), found);
  };

/** Host ports that several containers claim. */
const hostPorts: Check<readonly Container[]> = (list, at, found) => {
  const taken = new Set<string>();
  visit(list, found, (container, index) =>
    visit(container.ports, found, (port, number) => {
      if (!port.hostPort) return;
      const key = `${port.protocol ?? ""}/${port.hostIP ?? ""}/${port.hostPort}`;
      if (taken.has(key))
        found.push(field.duplicate(child(item(child(item(at, index), "ports"), number), "hostPort"), key));
      taken.add(key);
    }),
  );
};

const hooks =
  (spec: PodSpec): Check<Container> =>
  (container, at, found) => {
    if (container.lifecycle !== undefined)
      lifecycle(spec.terminationGracePeriodSeconds, spec.os)(container.lifecycle, child(at, "lifecycle"), found);
    for (const kind of probes) if (container[kind] !== undefined) probe(kind)(container[kind], child(at, kind), found);
  };

export const containers =
  (context: ContainerContext): Check<readonly Container[] | undefined | null> =>
  (given, at, found) => {
    const list = given ?? [];
    if (list.length === 0) {
      found.push(field.required(at));
      return;
    }
    const names = new Set<string>();
    const [ofAll, ofHooks] = [common(context), hooks(context.spec)];
    visit(list, found, (container, index) => {
      const path = item(at, index);
      ofAll(container, path, found);
      if (names.has(container.name ?? "")) found.push(field.duplicate(child(path, "name"), container.name ?? ""));
      names.add(container.name ?? "");
      ofHooks(container, path, found);
      restartPolicy(container, path, found);
    });
    hostPorts(list, at, found);
  };

const notForInit: Check<Container> = (container, at, found) => {
  for (const name of ["lifecycle", ...probes] as const)
    if (container[name] !== undefined)
      found.push(field.forbidden(child(at, name), "may not be set for init containers without restartPolicy=Always"));
  for (const [index, policy] of worthChecking(container.resizePolicy ?? [], found))
    if (policy.restartPolicy === "RestartContainer")
      found.push(
        field.invalid(
          child(item(child(at, "resizePolicy"), index), "restartPolicy"),
          policy.restartPolicy,
          "must not be set to 'RestartContainer' for non-sidecar initContainers",
        ),
      );
};

const initRestart: Check<Container> = (container, at, found) => {
  if (container.restartPolicy !== undefined) restartPolicy(container, at, found);
  else if ((container.restartPolicyRules?.length ?? 0) > 0)
    found.push(field.required(child(at, "restartPolicy"), "must specify restartPolicy when restart rules are used"));
};

export const initContainers =
  (context: ContainerContext): Check<readonly Container[] | undefined> =>
  (list, at, found) => {
    if (list === undefined) return;
    const names = new Set((context.spec.containers ?? []).map(({ name = "" }) => name));
    for (const [index, container] of worthChecking(list, found)) {
      const path = item(at, index);
      common(context)(container, path, found);
      initRestart(container, path, found);
      if (names.has(container.name ?? "")) found.push(field.duplicate(child(path, "name"), container.name ?? ""));
      else if (container.name) names.add(container.name);
      hostPorts([container], at, found);
      if (container.restartPolicy === "Always") hooks(context.spec)(container, path, found);
      else notForInit(container, path, found);
    }
  };

/** Fields that make no sense, or no promise, for a debugging guest. */
const notForEphemeral = [
  "ports",
  "resources",
  "livenessProbe",
  "readinessProbe",
  "startupProbe",
  "lifecycle",
  "resizePolicy",
  "restartPolicy",
  "restartPolicyRules",
] as const;

/** An empty one of these is one nevertheless. */
const pointers: ReadonlySet<string> = new Set(["livenessProbe", "readinessProbe", "startupProbe", "lifecycle"]);

const isSet = (value: unknown): boolean =>
  value !== undefined && (typeof value !== "object" || value === null || Object.keys(value).length > 0);

export const ephemeralContainers =
  (context: ContainerContext): Check<readonly EphemeralContainer[] | undefined> =>
  (list, at, found) => {
    if (list === undefined) return;
    const others = new Set(
      [...(context.spec.containers ?? []), ...(context.spec.initContainers ?? [])].map(({ name = "" }) => name),
    );
    const names = new Set(others);
    for (const [index, container] of worthChecking(list, found)) {
      const path = item(at, index);
      common(context)(container, path, found);
      imageSpaces(container, path, found);
      if (names.has(container.name ?? "")) found.push(field.duplicate(child(path, "name"), container.name ?? ""));
      names.add(container.name ?? "");
      if (container.targetContainerName && !others.has(container.targetContainerName))
        found.push(field.notFound(child(path, "targetContainerName"), container.targetContainerName));
      const text = "cannot be set for an Ephemeral Container";
      for (const name of notForEphemeral)
        if (isSet(container[name]) || (pointers.has(name) && container[name] !== undefined))
          found.push(field.forbidden(child(path, name), text));
      for (const [number, mount] of worthChecking(container.volumeMounts ?? [], found))
        for (const name of ["subPath", "subPathExpr"] as const)
          if (mount[name]) found.push(field.forbidden(child(item(child(path, "volumeMounts"), number), name), text));
    }
  };

/** Of pods only: templates may hold any text. */
export const imageSpaces: Check<AnyContainer> = ({ image = "" }, at, found) => {
  if (image.trim() !== image)
    found.push(field.invalid(child(at, "image"), image, "must not have leading or trailing whitespace"));
};
