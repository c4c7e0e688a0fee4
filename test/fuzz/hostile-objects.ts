// Hostile objects of many kinds: lists and maps whose rules compare items with each other, repeat long texts or add up.
import { core, filled, type Hostile, long, pod } from "./bodies.ts";

/** Less than what the store takes, so that everything behind the decoding has its turn. */
const room = 1_300_000;
const list = (piece: (index: number) => string, size = room): string => `[${filled(piece, ",", size)}]`;
const map = (piece: (index: number) => string, size = room): string => `{${filled(piece, ",", size)}}`;
const container = (rest: string): string => `"containers":[{"name":"c","image":"i",${rest}}]`;
const plain = '"containers":[{"name":"c","image":"i"}]';

const all = [200, 201, 400, 413, 422, 500] as const;

type Row = readonly [name: string, path: string, body: () => string];

const podRows: readonly (readonly [name: string, spec: () => string])[] = [
  ["spread constraints that are empty", () => `${plain},"topologySpreadConstraints":${list(() => "{}")}`],
  [
    "spread constraints",
    () =>
      `${plain},"topologySpreadConstraints":${list((i) => `{"maxSkew":1,"topologyKey":"k${i}","whenUnsatisfiable":"DoNotSchedule"}`)}`,
  ],
  ["claims of a container", () => container(`"resources":{"claims":${list((i) => `{"name":"c${i}"}`)}}`)],
  [
    "claims of a container beside many of the pod",
    () =>
      `${container(`"resources":{"claims":${list((i) => `{"name":"c${i}"}`, 500_000)}}`)},"resourceClaims":${list((i) => `{"name":"d${i}","resourceClaimName":"x"}`, 800_000)}`,
  ],
  ["claims with requests", () => container(`"resources":{"claims":${list((i) => `{"name":"c","request":"r${i}"}`)}}`)],
  ["limits", () => container(`"resources":{"limits":${map((i) => `"e.io/k${i}":"1"`)}}`)],
  ["limits that are none", () => container(`"resources":{"limits":${map((i) => `"k${i}":"1"`)}}`)],
  [
    "requests above limits",
    () =>
      container(
        `"resources":{"limits":${map((i) => `"e.io/k${i}":"1"`, 650_000)},"requests":${map((i) => `"e.io/k${i}":"2"`, 650_000)}}`,
      ),
  ],
  ["empty scheduling gates", () => `${plain},"schedulingGates":${list(() => "{}")}`],
  ["scheduling gates", () => `${plain},"schedulingGates":${list((i) => `{"name":"g${i}"}`)}`],
  ["empty readiness gates", () => `${plain},"readinessGates":${list(() => "{}")}`],
  ["pull secrets", () => `${plain},"imagePullSecrets":${list(() => "{}")}`],
  [
    "empty items of the downward API",
    () => `${plain},"volumes":[{"name":"v","downwardAPI":{"items":${list(() => "{}")}}}]`,
  ],
  ["empty projected sources", () => `${plain},"volumes":[{"name":"v","projected":{"sources":${list(() => "{}")}}}]`],
  [
    "projected files over files",
    () =>
      `${plain},"volumes":[{"name":"v","projected":{"sources":[{"downwardAPI":{"items":${list((i) => `{"path":"${"a/".repeat(20)}f${i % 10}","fieldRef":{"fieldPath":"metadata.name"}}`)}}}]}}]`,
  ],
  ["empty init containers", () => `${plain},"initContainers":${list(() => "{}")}`],
  ["init containers", () => `${plain},"initContainers":${list((i) => `{"name":"i${i}","image":"i"}`)}`],
  ["empty ports", () => container(`"ports":${list(() => "{}")}`)],
  [
    "host ports",
    () => container(`"ports":${list((i) => `{"containerPort":${1 + (i % 65_535)},"hostPort":${1 + (i % 9)}}`)}`),
  ],
  ["empty variables", () => container(`"env":${list(() => "{}")}`)],
  ["variables of variables", () => container(`"env":${list((i) => `{"name":"E","value":"$(E)$(E${i})"}`)}`)],
  ["empty sources of variables", () => container(`"envFrom":${list(() => "{}")}`)],
  ["devices", () => container(`"volumeDevices":${list((i) => `{"name":"v","devicePath":"/${i}"}`)}`)],
  [
    "mounts of one volume",
    () =>
      `${container(`"volumeMounts":${list((i) => `{"name":"v","mountPath":"/${i}"}`)}`)},"volumes":[{"name":"v","emptyDir":{}}]`,
  ],
  ["capabilities", () => container(`"securityContext":{"capabilities":{"add":${list((i) => `"C${i}"`)}}}`)],
  ["system controls", () => `${plain},"securityContext":{"sysctls":${list(() => '{"name":"a.b","value":"1"}')}}`],
  ["groups", () => `${plain},"securityContext":{"supplementalGroups":${list((i) => String(i))}}`],
  ["name servers", () => `${plain},"dnsConfig":{"nameservers":${list(() => '"1.1.1.1"')}}`],
  ["search domains", () => `${plain},"dnsConfig":{"searches":${list((i) => `"d${i}.io"`)}}`],
  ["options of names", () => `${plain},"dnsConfig":{"options":${list(() => "{}")}}`],
  ["node selectors", () => `${plain},"nodeSelector":${map((i) => `"k${i}":"v"`)}`],
  [
    "terms of affinity",
    () =>
      `${plain},"affinity":{"nodeAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":{"nodeSelectorTerms":${list(() => '{"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]}')}}}}`,
  ],
  [
    "terms of pod affinity",
    () =>
      `${plain},"affinity":{"podAffinity":{"requiredDuringSchedulingIgnoredDuringExecution":${list((i) => `{"topologyKey":"k","namespaces":["n${i}"]}`)}}}`,
  ],
  ["headers of a probe", () => container(`"livenessProbe":{"httpGet":{"port":1,"httpHeaders":${list(() => "{}")}}}`)],
  ["a command", () => container(`"command":${list(() => '"a"')}`)],
  [
    "tolerations that cover each other",
    () =>
      `${plain},"tolerations":${list((i) => `{"key":"k","operator":"Exists","tolerationSeconds":${i},"effect":"NoExecute"}`)}`,
  ],
];

const pods: readonly Hostile[] = podRows.map(([name, spec], index) => ({
  name: `a pod of ${name}`,
  method: "POST",
  path: `${core}/pods?dryRun=All`,
  body: () => pod(`hostile-${index}`, spec()),
  codes: all,
}));

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const admission = "/apis/admissionregistration.k8s.io/v1";
const named = (rest: string): string => `{"metadata":{"name":"hostile"},${rest}}`;

const rows: readonly Row[] = [
  ["scopes of a quota", `${core}/resourcequotas`, () => named(`"spec":{"scopes":${list((i) => `"s${i}"`)}}`)],
  [
    "scope selectors of a quota",
    `${core}/resourcequotas`,
    () =>
      named(
        `"spec":{"hard":{"services":"1","secrets":"1"},"scopeSelector":{"matchExpressions":${list((i) => `{"scopeName":"Terminating${i % 2}","operator":"Exists"}`)}}}`,
      ),
  ],
  ["amounts of a quota", `${core}/resourcequotas`, () => named(`"spec":{"hard":${map((i) => `"e.io/k${i}":"1"`)}}`)],
  ["empty limit ranges", `${core}/limitranges`, () => named(`"spec":{"limits":${list(() => "{}")}}`)],
  [
    "ratios of a limit range",
    `${core}/limitranges`,
    () =>
      named(
        `"spec":{"limits":[{"type":"Container","max":${map((i) => `"e.io/k${i}":"1"`, 400_000)},"min":${map((i) => `"e.io/k${i}":"2"`, 400_000)},"maxLimitRequestRatio":${map((i) => `"e.io/k${i}":"0"`, 400_000)}}]}`,
      ),
  ],
  [
    "ports of a service",
    `${core}/services`,
    () => named(`"spec":{"ports":${list((i) => `{"name":"p${i}","port":${1 + (i % 65_535)}}`)}}`),
  ],
  ["empty ports of a service", `${core}/services`, () => named(`"spec":{"ports":${list(() => "{}")}}`)],
  [
    "addresses of a service",
    `${core}/services`,
    () => named(`"spec":{"ports":[{"port":1}],"externalIPs":${list((i) => `"10.0.${(i >> 8) & 255}.${i & 255}"`)}}`),
  ],
  [
    "source ranges of a service",
    `${core}/services`,
    () =>
      named(
        `"spec":{"type":"LoadBalancer","ports":[{"port":1}],"loadBalancerSourceRanges":${list(() => '"10.0.0.0/8"')}}`,
      ),
  ],
  [
    "selectors of a service",
    `${core}/services`,
    () => named(`"spec":{"ports":[{"port":1}],"selector":${map((i) => `"k${i}":"v"`)}}`),
  ],
  [
    "slices of endpoints",
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
    () =>
      named(
        `"addressType":"IPv4","endpoints":${list((i) => `{"addresses":["10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}"]}`)}`,
      ),
  ],
  [
    "one endpoint of many addresses",
    "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices",
    () =>
      named(`"addressType":"IPv6","endpoints":[{"addresses":${list((i) => `"fd00::${i.toString(16).slice(-4)}"`)}}]`),
  ],
  [
    "subsets of endpoints",
    `${core}/endpoints`,
    () =>
      named(
        `"subsets":${list((i) => `{"addresses":[{"ip":"10.0.${(i >> 8) & 255}.${i & 255}"}],"ports":[{"port":1}]}`)}`,
      ),
  ],
  ["keys of a map", `${core}/configmaps`, () => named(`"data":${map((i) => `"k${i}":""`)}`)],
  [
    "keys of two maps",
    `${core}/configmaps`,
    () => named(`"data":${map((i) => `"k${i}":""`, 600_000)},"binaryData":${map((i) => `"k${i}":""`, 600_000)}`),
  ],
  ["keys of a secret", `${core}/secrets`, () => named(`"data":${map((i) => `"k${i}":""`)}`)],
  ["texts of a secret", `${core}/secrets`, () => named(`"stringData":${map((i) => `"k${i}":"é"`)}`)],
  [
    "a secret of a registry",
    `${core}/secrets`,
    () => named(`"type":"kubernetes.io/dockerconfigjson","data":{".dockerconfigjson":"${long("W1tb", 900_000)}"}`),
  ],
  ["secrets of an account", `${core}/serviceaccounts`, () => named(`"secrets":${list((i) => `{"name":"s${i}"}`)}`)],
  [
    "addresses of a node",
    "/api/v1/nodes",
    () => named(`"status":{"addresses":${list((i) => `{"type":"InternalIP","address":"${i}"}`)}}`),
  ],
  [
    "taints of a node",
    "/api/v1/nodes",
    () => named(`"spec":{"taints":${list((i) => `{"key":"k${i}","effect":"NoSchedule"}`)}}`),
  ],
  ["capacity of a node", "/api/v1/nodes", () => named(`"status":{"capacity":${map((i) => `"e.io/k${i}":"1"`)}}`)],
  [
    "images of a node",
    "/api/v1/nodes",
    () => named(`"status":{"images":${list((i) => `{"names":["i${i}"],"sizeBytes":1}`)}}`),
  ],
  ["networks of a node", "/api/v1/nodes", () => named(`"spec":{"podCIDRs":${list((i) => `"10.0.${i & 255}.0/24"`)}}`)],
  [
    "modes of a claim",
    `${core}/persistentvolumeclaims`,
    () => named(`"spec":{"accessModes":${list(() => '"X"')},"resources":{"requests":{"storage":"1"}}}`),
  ],
  [
    "options of a volume",
    "/api/v1/persistentvolumes",
    () =>
      named(
        `"spec":{"capacity":{"storage":"1"},"accessModes":["ReadWriteOnce"],"mountOptions":${list(() => '"a"')},"hostPath":{"path":"/a"}}`,
      ),
  ],
  [
    "verbs of a role",
    `${rbac}/clusterroles`,
    () => named(`"rules":[{"verbs":${list((i) => `"v${i}"`)},"apiGroups":[""],"resources":["pods"]}]`),
  ],
  [
    "resources of a role",
    `${rbac}/clusterroles`,
    () => named(`"rules":[{"verbs":["get"],"apiGroups":[""],"resources":${list((i) => `"r${i}"`)}}]`),
  ],
  ["empty rules of a role", `${rbac}/clusterroles`, () => named(`"rules":${list(() => "{}")}`)],
  [
    "selectors of a role",
    `${rbac}/clusterroles`,
    () => named(`"aggregationRule":{"clusterRoleSelectors":${list((i) => `{"matchLabels":{"k":"${i}"}}`)}}`),
  ],
  [
    "subjects of a binding",
    `${rbac}/clusterrolebindings`,
    () =>
      named(
        `"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"x"},"subjects":${list((i) => `{"kind":"User","name":"u${i}"}`)}`,
      ),
  ],
  [
    "empty subjects of a binding",
    `${rbac}/clusterrolebindings`,
    () =>
      named(
        `"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"x"},"subjects":${list(() => "{}")}`,
      ),
  ],
  [
    "ports of a network policy",
    "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    () => named(`"spec":{"podSelector":{},"ingress":[{"ports":${list((i) => `{"port":${1 + (i % 65_535)}}`)}}]}`),
  ],
  [
    "exceptions of a network policy",
    "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    () =>
      named(
        `"spec":{"podSelector":{},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":${list((i) => `"10.0.${i & 255}.0/24"`)}}}]}]}`,
      ),
  ],
  [
    "empty peers of a network policy",
    "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    () => named(`"spec":{"podSelector":{},"egress":[{"to":${list(() => "{}")}}]}`),
  ],
  [
    "paths of an ingress",
    "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
    () =>
      named(
        `"spec":{"rules":[{"host":"a.io","http":{"paths":${list((i) => `{"path":"/${i}","pathType":"Exact","backend":{"service":{"name":"s","port":{"number":1}}}}`)}}}]}`,
      ),
  ],
  [
    "certificates of an ingress",
    "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
    () =>
      named(
        `"spec":{"defaultBackend":{"service":{"name":"s","port":{"number":1}}},"tls":${list((i) => `{"hosts":["h${i}.io"]}`)}}`,
      ),
  ],
  [
    "topologies of a class",
    "/apis/storage.k8s.io/v1/storageclasses",
    () =>
      named(
        `"provisioner":"p","allowedTopologies":${list((i) => `{"matchLabelExpressions":[{"key":"k","values":["v${i}"]}]}`)}`,
      ),
  ],
  [
    "empty topologies of a class",
    "/apis/storage.k8s.io/v1/storageclasses",
    () => named(`"provisioner":"p","allowedTopologies":${list(() => "{}")}`),
  ],
  [
    "values of a topology",
    "/apis/storage.k8s.io/v1/storageclasses",
    () =>
      named(
        `"provisioner":"p","allowedTopologies":[{"matchLabelExpressions":[{"key":"k","values":${list((i) => `"v${i}"`)}}]}]`,
      ),
  ],
  [
    "parameters of a class",
    "/apis/storage.k8s.io/v1/storageclasses",
    () => named(`"provisioner":"p","parameters":${map((i) => `"k${i}":"v"`)}`),
  ],
  [
    "drivers of a node",
    "/apis/storage.k8s.io/v1/csinodes",
    () => named(`"spec":{"drivers":${list((i) => `{"name":"d${i}","nodeID":"n"}`)}}`),
  ],
  [
    "requests for tokens of a driver",
    "/apis/storage.k8s.io/v1/csidrivers",
    () => named(`"spec":{"tokenRequests":${list((i) => `{"audience":"a${i}"}`)}}`),
  ],
  [
    "usages of a certificate",
    "/apis/certificates.k8s.io/v1/certificatesigningrequests",
    () => named(`"spec":{"request":"YQ==","signerName":"a.io/b","usages":${list((i) => `"u${i}"`)}}`),
  ],
  [
    "a certificate request of garbage",
    "/apis/certificates.k8s.io/v1/certificatesigningrequests",
    () => named(`"spec":{"request":"${long("MIIB", room)}","signerName":"a.io/b","usages":["client auth"]}`),
  ],
  [
    "webhooks",
    `${admission}/validatingwebhookconfigurations`,
    () =>
      named(
        `"webhooks":${list((i) => `{"name":"w${i}.a.io","clientConfig":{"url":"https://a"},"sideEffects":"None","admissionReviewVersions":["v1"]}`)}`,
      ),
  ],
  ["empty webhooks", `${admission}/mutatingwebhookconfigurations`, () => named(`"webhooks":${list(() => "{}")}`)],
  [
    "rules of a webhook",
    `${admission}/validatingwebhookconfigurations`,
    () =>
      named(
        `"webhooks":[{"name":"w.a.io","clientConfig":{"url":"https://a"},"sideEffects":"None","admissionReviewVersions":["v1"],"rules":${list(() => '{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}')}}]`,
      ),
  ],
  [
    "resources of a webhook",
    `${admission}/validatingwebhookconfigurations`,
    () =>
      named(
        `"webhooks":[{"name":"w.a.io","clientConfig":{"url":"https://a"},"sideEffects":"None","admissionReviewVersions":["v1"],"rules":[{"operations":["*"],"apiGroups":["*"],"apiVersions":["*"],"resources":${list((i) => `"r${i}/*"`)}}]}]`,
      ),
  ],
  [
    "flow schemas",
    "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
    () =>
      named(
        `"spec":{"priorityLevelConfiguration":{"name":"x"},"rules":[{"subjects":[{"kind":"User","user":{"name":"*"}}],"resourceRules":[{"verbs":${list((i) => `"v${i}"`)},"apiGroups":["*"],"resources":["*"],"namespaces":["*"]}]}]}`,
      ),
  ],
  [
    "empty rules of a flow schema",
    "/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas",
    () => named(`"spec":{"priorityLevelConfiguration":{"name":"x"},"rules":${list(() => "{}")}}`),
  ],
  [
    "metrics of an autoscaler",
    "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
    () =>
      named(`"spec":{"maxReplicas":1,"scaleTargetRef":{"kind":"Deployment","name":"x"},"metrics":${list(() => "{}")}}`),
  ],
  [
    "rules of a job's failures",
    "/apis/batch/v1/namespaces/default/jobs",
    () =>
      named(
        `"spec":{"podFailurePolicy":{"rules":${list(() => "{}")}},"template":{"spec":{"restartPolicy":"Never",${plain}}}}`,
      ),
  ],
  [
    "failed indexes of a job",
    "/apis/batch/v1/namespaces/default/jobs",
    () =>
      named(
        `"spec":{"completions":100000,"completionMode":"Indexed","successPolicy":{"rules":[{"succeededIndexes":"${filled((i) => `${i * 2}`, ",", 60_000)}"}]},"template":{"spec":{"restartPolicy":"Never",${plain}}}}`,
      ),
  ],
  [
    "templates of claims",
    "/apis/apps/v1/namespaces/default/statefulsets",
    () =>
      named(
        `"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{${plain}}},"volumeClaimTemplates":${list((i) => `{"metadata":{"name":"v${i}"}}`)}}`,
      ),
  ],
  [
    "devices of a slice",
    "/apis/resource.k8s.io/v1/resourceslices",
    () =>
      named(
        `"spec":{"driver":"d.io","pool":{"name":"p","generation":1,"resourceSliceCount":1},"nodeName":"n","devices":${list((i) => `{"name":"d${i}"}`)}}`,
      ),
  ],
  [
    "requests of a claim",
    "/apis/resource.k8s.io/v1/namespaces/default/resourceclaims",
    () => named(`"spec":{"devices":{"requests":${list((i) => `{"name":"r${i}","exactly":{"deviceClassName":"c"}}`)}}}`),
  ],
  [
    "selectors of a device class",
    "/apis/resource.k8s.io/v1/deviceclasses",
    () => named(`"spec":{"selectors":${list(() => '{"cel":{"expression":"true"}}')}}`),
  ],
  [
    "networks of a service range",
    "/apis/networking.k8s.io/v1/servicecidrs",
    () => named(`"spec":{"cidrs":${list((i) => `"10.${i & 255}.0.0/16"`)}}`),
  ],
  [
    "tolerations of a runtime",
    "/apis/node.k8s.io/v1/runtimeclasses",
    () => named(`"handler":"h","scheduling":{"tolerations":${list((i) => `{"key":"k${i}","operator":"Exists"}`)}}`),
  ],
  [
    "selectors of a budget",
    "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
    () =>
      named(`"spec":{"selector":{"matchExpressions":${list((i) => `{"key":"k","operator":"In","values":["${i}"]}`)}}}`),
  ],
  [
    "values of a selector",
    "/apis/policy/v1/namespaces/default/poddisruptionbudgets",
    () =>
      named(
        `"spec":{"selector":{"matchExpressions":[{"key":"k","operator":"In","values":${list((i) => `"v${i}"`)}}]}}`,
      ),
  ],
  [
    "annotations",
    `${core}/configmaps`,
    () => `{"metadata":{"name":"hostile","annotations":${map((i) => `"k${i}":"v"`)}}}`,
  ],
  [
    "labels that are none",
    `${core}/configmaps`,
    () => `{"metadata":{"name":"hostile","labels":${map((i) => `"!${i}":"!"`)}}}`,
  ],
  [
    "owners without anything",
    `${core}/configmaps`,
    () => `{"metadata":{"name":"hostile","ownerReferences":${list(() => "{}")}}}`,
  ],
  [
    "managers without anything",
    `${core}/configmaps`,
    () => `{"metadata":{"name":"hostile","managedFields":${list(() => "{}")}}}`,
  ],
];

export const objects: readonly Hostile[] = [
  ...pods,
  ...rows.map(
    ([name, path, body]): Hostile => ({ name, method: "POST", path: `${path}?dryRun=All`, body, codes: all }),
  ),
];
