// The APIServices of what this server answers itself: one for every built-in group version, made at start, and one for every
// served version of a CustomResourceDefinition, kept as long as it is served. Upstream: kube-aggregator's
// controllers/autoregister, kube-apiserver's crdregistration.
import { type APIService, apiServices, type KindDefinition, kinds } from "../../api/index.ts";
import type { Logger } from "../../base/index.ts";
import { deepEqual, ignoreAlreadyExists, ignoreNotFound, type KubeObject } from "../../machinery/index.ts";
import type { SettledWriter } from "../bootstrap/settled.ts";
import type { Catalog } from "../catalog.ts";
import type { ObjectReader, ObjectWriter } from "../contract.ts";
import { groupPriority, versionPriority } from "../discovery/priority.ts";

/** `onstart`: put right when a server starts and left alone afterwards. `true`: always kept as it should be. */
const managedLabel = "kube-aggregator.kubernetes.io/automanaged";
const customPriorities = { groupPriorityMinimum: 1000, versionPriority: 100 };

export interface LocalServicesHost {
  readonly reader: ObjectReader;
  readonly writer: ObjectWriter;
  /** Makes what a new cluster has. */
  readonly settled?: SettledWriter;
  readonly catalog: Catalog;
  readonly log: Logger;
}

type Spec = APIService["spec"];

export interface LocalServices {
  start(): Promise<void>;
  close(): void;
}

export function keepLocalServices(host: LocalServicesHost): LocalServices {
  const { reader } = host;
  const stops: (() => void)[] = [];
  /** Names of what custom definitions ask for, with how many versions of definitions do. */
  const custom = new Map<string, { readonly spec: Spec; readonly owners: Set<string> }>();

  const put = (name: string): void => {
    const wanted = custom.get(name);
    const written = wanted === undefined ? dropManaged(host, name) : keepManaged(host, name, wanted.spec);
    written.catch((error: unknown) => host.log.warn("an APIService could not be kept", { name, error }));
  };

  function watchDefinitions(): void {
    const definitions = definitionKind();
    if (definitions === undefined) return;
    stops.push(
      reader.subscribe<Definition>(definitions, {
        upsert(now, before) {
          const served = new Set(servedVersions(now));
          for (const name of served) {
            const entry = custom.get(name) ?? { spec: customSpec(name), owners: new Set<string>() };
            custom.set(name, entry);
            entry.owners.add(now.metadata.name);
            put(name);
          }
          for (const name of before === undefined ? [] : servedVersions(before))
            if (!served.has(name)) disown(name, now.metadata.name);
        },
        remove: (gone) => {
          for (const name of servedVersions(gone)) disown(name, gone.metadata.name);
        },
      }),
    );
  }

  function disown(name: string, owner: string): void {
    const entry = custom.get(name);
    entry?.owners.delete(owner);
    if (entry?.owners.size === 0) custom.delete(name);
    put(name);
  }

  /** Whoever changes or deletes the APIService of a served custom version gets it back. */
  function watchServices(): void {
    stops.push(
      reader.subscribe(apiServices, {
        upsert: ({ metadata: { name, labels }, spec }) => {
          const wanted = custom.get(name);
          if (wanted !== undefined && labels?.[managedLabel] === "true" && !deepEqual(spec, wanted.spec)) put(name);
        },
        remove: ({ metadata: { name } }) => {
          if (custom.has(name)) put(name);
        },
      }),
    );
  }

  return {
    async start() {
      const builtin = builtinServices(host.catalog);
      watchDefinitions();
      const { settled } = host;
      const isNew = settled !== undefined && reader.list(apiServices).length === 0;
      const spurious = reader
        .list(apiServices)
        .filter(({ metadata: { name, labels } }) => labels?.[managedLabel] && !builtin.has(name) && !custom.has(name));
      await Promise.all([
        ...(isNew
          ? [
              settled.create(
                apiServices,
                [...builtin].map(([name, spec]) => ({ body: builtinBody(name, spec) })),
              ),
            ]
          : [...builtin].map(([name, spec]) => ensure(host, name, { spec, managed: "onstart" }))),
        ...spurious.map(({ metadata: { name } }) => dropManaged(host, name)),
      ]);
      watchServices();
    },
    close: () => {
      for (const stop of stops.splice(0)) stop();
    },
  };
}

interface Definition extends KubeObject {
  readonly spec: {
    readonly group: string;
    readonly versions?: readonly { readonly name: string; readonly served: boolean }[];
  };
}

const definitionKind = (): KindDefinition<Definition> | undefined =>
  kinds.find(({ group, resource }) => group === "apiextensions.k8s.io" && resource === "customresourcedefinitions") as
    | KindDefinition<Definition>
    | undefined;

const servedVersions = ({ spec }: Definition): string[] =>
  (spec.versions ?? []).filter(({ served }) => served).map(({ name }) => `${name}.${spec.group}`);

function customSpec(name: string): Spec {
  const dot = name.indexOf(".");
  return { group: name.slice(dot + 1), version: name.slice(0, dot), ...customPriorities };
}

function builtinServices(catalog: Catalog): Map<string, Spec> {
  const found = new Map<string, Spec>();
  for (const { kind } of catalog.all) {
    const { group, version } = kind;
    // apiregistration.k8s.io is the aggregator's own; custom kinds come by their definitions.
    if (group === apiServices.group || versionPriority(group, version) === undefined) continue;
    found.set(`${version}.${group}`, {
      ...(group === "" ? {} : { group }),
      version,
      groupPriorityMinimum: groupPriority(group),
      versionPriority: versionPriority(group, version) as number,
    });
  }
  return found;
}

const bodyOf = (name: string, { spec, managed }: { readonly spec: Spec; readonly managed: string }): APIService =>
  ({
    apiVersion: "apiregistration.k8s.io/v1",
    kind: "APIService",
    metadata: { name, labels: { [managedLabel]: managed } },
    spec,
  }) as unknown as APIService;

/** The name says everything about those of built-in versions. */
const builtinBodies = new Map<string, APIService>();

function builtinBody(name: string, spec: Spec): APIService {
  const body = builtinBodies.get(name) ?? bodyOf(name, { spec, managed: "onstart" });
  builtinBodies.set(name, body);
  return body;
}

async function ensure(
  { reader, writer }: LocalServicesHost,
  name: string,
  { spec, managed }: { spec: Spec; managed: string },
): Promise<void> {
  const found = reader.get(apiServices, "", name);
  if (found === undefined) {
    await writer.create(apiServices, bodyOf(name, { spec, managed })).catch(ignoreAlreadyExists);
    return;
  }
  if (!found.metadata.labels?.[managedLabel] || deepEqual(found.spec, spec)) return;
  await writer
    .update(apiServices, { namespace: "", name }, (current) =>
      current.metadata.labels?.[managedLabel] ? { ...current, spec } : undefined,
    )
    .catch(ignoreNotFound);
}

const keepManaged = (host: LocalServicesHost, name: string, spec: Spec): Promise<void> =>
  ensure(host, name, { spec, managed: "true" });

async function dropManaged({ reader, writer }: LocalServicesHost, name: string): Promise<void> {
  if (!reader.get(apiServices, "", name)?.metadata.labels?.[managedLabel]) return;
  await writer.remove(apiServices, { namespace: "", name }).catch(ignoreNotFound);
}
