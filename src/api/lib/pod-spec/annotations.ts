// Annotations that mean something to pods: mirror pods, deletion cost, and the profiles that are fields by now.
import type { AppArmorProfile, PodSpec, SeccompProfile } from "../../../../facts/types/core.v1.ts";
import { field, mostFindings } from "../../../machinery/index.ts";
import { descendingPath } from "../paths.ts";
import { type Check, child, entry, type Findings, sortedKeys } from "../validate.ts";
import { allContainers } from "./visit.ts";

export const mirrorPod = "kubernetes.io/config.mirror";
export const appArmorPrefix = "container.apparmor.security.beta.kubernetes.io/";
const deletionCost = "controller.kubernetes.io/pod-deletion-cost";
const seccompPod = "seccomp.security.alpha.kubernetes.io/pod";
const seccompPrefix = "container.seccomp.security.alpha.kubernetes.io/";

type Annotations = Readonly<Record<string, string>> | undefined;

const int32 = /^(?:0|-?[1-9][0-9]*)$/;
const isCost = (text: string): boolean => int32.test(text) && Number(text) >= -(2 ** 31) && Number(text) < 2 ** 31;

const seccompText: Check<string> = (profile, at, found) => {
  if (profile === "runtime/default" || profile === "docker/default" || profile === "unconfined") return;
  if (profile.startsWith("localhost/")) descendingPath(profile.slice("localhost/".length), at, found);
  else found.push(field.invalid(at, profile, "must be a valid seccomp profile"));
};

const appArmorText = (text: string): boolean =>
  text === "" || text === "runtime/default" || text === "unconfined" || text.startsWith("localhost/");

export const podAnnotations =
  (spec: PodSpec): Check<Annotations> =>
  (annotations, at, found) => {
    const mirror = annotations?.[mirrorPod];
    if (mirror !== undefined && !spec.nodeName)
      found.push(field.invalid(entry(at, mirrorPod), mirror, "must set spec.nodeName if mirror pod annotation is set"));
    const cost = annotations?.[deletionCost];
    if (cost !== undefined && !isCost(cost))
      found.push(field.invalid(entry(at, deletionCost), cost, "must be a 32bit integer"));
    for (const key of sortedKeys(annotations)) {
      if (found.length >= mostFindings) break;
      const value = annotations?.[key] ?? "";
      if (key === seccompPod || key.startsWith(seccompPrefix)) seccompText(value, child(at, key), found);
      if (!key.startsWith(appArmorPrefix)) continue;
      const name = key.slice(appArmorPrefix.length);
      if (!allContainers(spec, "").some(({ container }) => container.name === name))
        found.push(field.invalid(entry(at, key), name, "container not found"));
      if (!appArmorText(value))
        found.push(field.invalid(entry(at, key), value, `invalid AppArmor profile name: ${JSON.stringify(value)}`));
    }
  };

interface Match {
  readonly annotation: string | undefined;
  readonly profile: SeccompProfile | AppArmorProfile | undefined;
  readonly what: "seccomp" | "apparmor";
  readonly path: string;
}

function mustMatch({ annotation, profile, what, path }: Match, found: Findings): void {
  if (annotation === undefined || profile === undefined) return;
  const type = (): void =>
    void found.push(field.forbidden(child(path, "type"), `${what} type in annotation and field must match`));
  const isDefault = annotation === "runtime/default" || (what === "seccomp" && annotation === "docker/default");
  if (profile.type === "Unconfined" && annotation !== "unconfined") type();
  if (profile.type === "RuntimeDefault" && !isDefault) type();
  if (profile.type !== "Localhost") return;
  if (!annotation.startsWith("localhost/")) type();
  else if (annotation.slice("localhost/".length) !== profile.localhostProfile)
    found.push(field.forbidden(child(path, "localhostProfile"), `${what} profile in annotation and field must match`));
}

const isProfile = (key: string): boolean =>
  key === seccompPod || key.startsWith(seccompPrefix) || key.startsWith(appArmorPrefix);

/** Profiles said twice, by annotation and by field, must agree. `at` is the spec. */
export const profileAnnotations =
  (spec: PodSpec): Check<Annotations> =>
  (annotations, at, found) => {
    if (!Object.keys(annotations ?? {}).some(isProfile)) return;
    const pod = spec.securityContext;
    mustMatch(
      {
        annotation: annotations?.[seccompPod],
        profile: pod?.seccompProfile,
        what: "seccomp",
        path: child(at, "securityContext.seccompProfile"),
      },
      found,
    );
    for (const { container, path } of allContainers(spec, at)) {
      const own = container.securityContext;
      mustMatch(
        {
          annotation: annotations?.[seccompPrefix + container.name],
          profile: own?.seccompProfile,
          what: "seccomp",
          path: child(path, "securityContext.seccompProfile"),
        },
        found,
      );
      if (spec.os?.name === "windows") continue;
      mustMatch(
        {
          annotation: annotations?.[appArmorPrefix + container.name],
          profile: own?.appArmorProfile ?? pod?.appArmorProfile,
          what: "apparmor",
          path: child(path, "securityContext.appArmorProfile"),
        },
        found,
      );
    }
  };
