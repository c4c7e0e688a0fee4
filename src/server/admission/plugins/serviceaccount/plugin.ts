// Pods run as a service account of their namespace and get its token. Upstream: plugin/pkg/admission/serviceaccount.
import {
  type Container,
  type Pod,
  pods,
  type ServiceAccount,
  serviceAccounts,
  type Volume,
} from "../../../../api/index.ts";
import { sleep } from "../../../../base/index.ts";
import { randomSuffix } from "../../../../machinery/index.ts";
import type { AdmissionAttributes, AdmissionHost, AdmissionPlugin } from "../../../contract.ts";
import { draftOf, isMain, refuse } from "../../framework.ts";

const mountPath = "/var/run/secrets/kubernetes.io/serviceaccount";
const volumePrefix = "kube-api-access-";
const mirror = "kubernetes.io/config.mirror";
const tokenSeconds = 3607;
/** A controller makes the default account of a new namespace: a pod that is faster waits for it. */
const defaultAttempts = 10;
const attemptMs = 100;

export function createServiceAccount(host: AdmissionHost): AdmissionPlugin {
  const { reader, clock, rng } = host;
  const find = async (namespace: string, name: string): Promise<ServiceAccount | undefined> => {
    const attempts = name === "default" ? defaultAttempts : 1;
    for (let attempt = 1; ; attempt++) {
      const found =
        reader.get<ServiceAccount>(serviceAccounts, namespace, name) ??
        (await reader.getFresh<ServiceAccount>(serviceAccounts, namespace, name));
      if (found !== undefined || attempt >= attempts) return found;
      await sleep(clock, attemptMs * (1 + rng.next()));
    }
  };
  const accountOf = async (attributes: AdmissionAttributes): Promise<ServiceAccount> => {
    const name = draftOf<Pod>(attributes).spec.serviceAccountName ?? "";
    const found = await find(attributes.namespace, name);
    if (found === undefined)
      throw refuse(
        attributes,
        `error looking up service account ${attributes.namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
      );
    return found;
  };
  return {
    name: "ServiceAccount",
    handles: (attributes) =>
      (attributes.operation === "CREATE" && isMain(attributes, pods)) ||
      (attributes.operation === "UPDATE" &&
        attributes.kind.resource === "pods" &&
        attributes.kind.group === "" &&
        attributes.subresource === "ephemeralcontainers"),
    async admit(attributes) {
      if (attributes.operation !== "CREATE") return;
      const pod = draftOf<Pod>(attributes);
      if (pod.spec === undefined) return;
      if (pod.metadata.annotations?.[mirror] !== undefined) {
        checkMirror(attributes, pod);
        return;
      }
      pod.spec.serviceAccountName ||= "default";
      const account = await accountOf(attributes);
      if (mountsToken(account, pod)) mountToken(pod, () => volumePrefix + randomSuffix(rng));
      if ((pod.spec.imagePullSecrets?.length ?? 0) === 0 && (account.imagePullSecrets?.length ?? 0) > 0)
        pod.spec.imagePullSecrets = account.imagePullSecrets!.map((each) => ({ ...each }));
    },
    async validate(attributes) {
      const pod = draftOf<Pod>(attributes);
      if (pod.spec === undefined || pod.metadata.annotations?.[mirror] !== undefined) return;
      const account = await accountOf(attributes);
      if (account.metadata.annotations?.["kubernetes.io/enforce-mountable-secrets"] === "true")
        checkSecrets(attributes, account);
    },
  };
}

/** Static pods as the API shows them have no account and no references that a kubelet could not resolve by itself. */
function checkMirror(attributes: AdmissionAttributes, pod: Pod): void {
  if (pod.spec.serviceAccountName) throw refuse(attributes, "a mirror pod may not reference service accounts");
  const refers = (pod.spec.volumes ?? []).some((volume) => volume.secret !== undefined);
  if (refers) throw refuse(attributes, "a mirror pod may not reference secrets");
  for (const volume of pod.spec.volumes ?? [])
    if ((volume.projected?.sources ?? []).some((source) => source.serviceAccountToken !== undefined))
      throw refuse(attributes, "a mirror pod may not use ServiceAccountToken volume projections");
}

const mountsToken = (account: ServiceAccount, pod: Pod): boolean =>
  pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true;

function mountToken(pod: Pod, newName: () => string): void {
  const { spec } = pod;
  const existing = (spec.volumes ?? []).find(
    (volume) => volume.name.startsWith(volumePrefix) && volume.projected !== undefined,
  );
  const name = existing?.name ?? freeName(spec.volumes ?? [], newName);
  let used = false;
  const mount = (container: Container): void => {
    if ((container.volumeMounts ?? []).some((each) => each.mountPath === mountPath)) return;
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath }];
    used = true;
  };
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) mount(container);
  if (used && existing === undefined) spec.volumes = [...(spec.volumes ?? []), tokenVolume(name)];
}

function freeName(volumes: readonly Volume[], newName: () => string): string {
  for (;;) {
    const name = newName();
    if (!volumes.some((volume) => volume.name === name)) return name;
  }
}

const tokenVolume = (name: string): Volume => ({
  name,
  projected: {
    sources: [
      { serviceAccountToken: { expirationSeconds: tokenSeconds, path: "token" } },
      { configMap: { name: "kube-root-ca.crt", items: [{ key: "ca.crt", path: "ca.crt" }] } },
      {
        downwardAPI: {
          items: [{ path: "namespace", fieldRef: { apiVersion: "v1", fieldPath: "metadata.namespace" } }],
        },
      },
    ],
    defaultMode: 420,
  },
});

/** For accounts that say so: only the secrets that the account lists may be mounted. */
function checkSecrets(attributes: AdmissionAttributes, account: ServiceAccount): void {
  const { spec } = draftOf<Pod>(attributes);
  const allowed = new Set((account.secrets ?? []).map((each) => each.name));
  for (const volume of spec.volumes ?? []) {
    const secret = volume.secret?.secretName;
    if (secret !== undefined && !allowed.has(secret))
      throw refuse(
        attributes,
        `volume with secret.secretName=${JSON.stringify(secret)} is not allowed because service account ${account.metadata.name} does not reference that secret`,
      );
  }
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])])
    for (const variable of container.env ?? []) {
      const secret = variable.valueFrom?.secretKeyRef?.name;
      if (secret !== undefined && !allowed.has(secret))
        throw refuse(
          attributes,
          `container ${container.name} with envVar ${variable.name} referencing secret.secretName=${JSON.stringify(secret)} is not allowed because service account ${account.metadata.name} does not reference that secret`,
        );
    }
  const pulls = new Set((account.imagePullSecrets ?? []).map((each) => each.name));
  for (const [index, { name }] of (spec.imagePullSecrets ?? []).entries())
    if (name !== undefined && !pulls.has(name))
      throw refuse(
        attributes,
        `imagePullSecrets[${index}].name=${JSON.stringify(name)} is not allowed because service account ${account.metadata.name} does not reference that imagePullSecret`,
      );
}
