// AppArmor profiles said by annotation, as before there was a field. Upstream: applyAppArmorVersionSkew in
// pkg/registry/core/pod/strategy.go, GetWarningsForPodTemplate, KEP-24.
import type { AppArmorProfile, Container, PodSpec } from "../../../../facts/types/core.v1.ts";
import { deepEqual, type ObjectMeta } from "../../../machinery/index.ts";
import { child, entry, type Findings } from "../validate.ts";
import { appArmorPrefix } from "./annotations.ts";
import { appArmor } from "./security.ts";
import { allContainers } from "./visit.ts";

type Annotations = Partial<ObjectMeta>["annotations"];

/** The field that says the same; undefined for what is no profile. */
function fieldOf(annotation: string): AppArmorProfile | undefined {
  if (annotation === "unconfined") return { type: "Unconfined" };
  if (annotation === "runtime/default") return { type: "RuntimeDefault" };
  const [, localhostProfile] = /^localhost\/(.+)$/s.exec(annotation) ?? [];
  return localhostProfile === undefined ? undefined : { type: "Localhost", localhostProfile };
}

function isValid(profile: AppArmorProfile): boolean {
  const found: Findings = [];
  appArmor(profile, "", found);
  return found.length === 0;
}

interface Annotated {
  readonly container: Container;
  readonly key: string;
  readonly annotation: string;
}

/** Containers whose profile is said by annotation alone. */
function annotated(spec: PodSpec, annotations: Annotations): Annotated[] {
  if (annotations === undefined || !Object.keys(annotations).some((key) => key.startsWith(appArmorPrefix))) return [];
  return allContainers(spec, "").flatMap(({ container }) => {
    const key = appArmorPrefix + container.name;
    const annotation = annotations[key];
    if (annotation === undefined || container.securityContext?.appArmorProfile !== undefined) return [];
    return [{ container, key, annotation }];
  });
}

const text = (at: string, key: string): string =>
  `${entry(child(at, "metadata.annotations"), key)}: deprecated since v1.30; use the "appArmorProfile" field instead`;

/** Copies a new pod's annotations into the fields, where these say nothing else; warns of each that is needed or no profile. */
export function copyAppArmor(spec: PodSpec, annotations: Annotations, warn: (text: string) => void): void {
  if (spec.os?.name === "windows") return;
  for (const { container, key, annotation } of annotated(spec, annotations)) {
    const said = fieldOf(annotation);
    const profile = said !== undefined && isValid(said) ? said : undefined;
    if (profile !== undefined && deepEqual(profile, spec.securityContext?.appArmorProfile)) continue;
    if (profile !== undefined) container.securityContext = { ...container.securityContext, appArmorProfile: profile };
    warn(text("", key));
  }
}

/** The same warnings for a template, which is left as it is; by the name of the container. `at` is the template's path. */
export function appArmorWarnings(spec: PodSpec, annotations: Annotations, at: string): ReadonlyMap<string, string> {
  const pod = spec.securityContext?.appArmorProfile;
  return new Map(
    annotated(spec, annotations)
      .filter(({ annotation }) => pod === undefined || !deepEqual(pod, fieldOf(annotation)))
      .map(({ container, key }) => [container.name, text(at, key)]),
  );
}
