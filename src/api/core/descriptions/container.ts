// Containers: what runs, with which environment, ports, checks and ends.
import type { Descriptions } from "../../lib/descriptions/contract.ts";

const fields = {
  args: "Arguments of the program; replaces the image's CMD. $(NAME) becomes the value of that environment variable, $$(NAME) stays as $(NAME). Immutable.",
  command:
    "The program to run; replaces the image's ENTRYPOINT. No shell is started. $(NAME) becomes the value of that environment variable, $$(NAME) stays as $(NAME). Immutable.",
  env: "Environment variables, in order: a value may use $(NAME) of an earlier one, also of envFrom. They win over envFrom. Immutable.",
  envFrom:
    "Sources whose keys all become environment variables; of equal keys the last source wins, and env wins over all. Immutable.",
  image:
    "The image: a name with a registry, a tag or a digest, as in registry.k8s.io/pause:3.10. Can be changed while the pod runs: the container is started anew.",
  imagePullPolicy:
    "When the node pulls the image: Always asks the registry at each start, IfNotPresent only when the node lacks it, Never not at all. Default Always for the tag latest or none, else IfNotPresent. Immutable.",
  lifecycle:
    "What is to be done right after the container has started and before it is stopped. Of init containers only sidecars can have it. Immutable.",
  livenessProbe:
    "A check that the container still works: when it fails, the container is killed and restarted as restartPolicy says. Of init containers only sidecars can have one. Immutable.",
  name: "Name of the container, unique among all of the pod: a DNS label of at most 63 characters. Immutable.",
  ports:
    "Ports that the container listens on. This is information only: a port that is not listed can be reached as well. Immutable.",
  readinessProbe:
    "A check that the container can serve: while it fails, the pod is not ready and Services send it no traffic; nothing is restarted. Of init containers only sidecars can have one. Immutable.",
  resizePolicy:
    "For cpu and memory: whether the container must be restarted when its resources change in place. Default NotRequired for each.",
  resources:
    "How much cpu, memory and other resources it asks for and may use. cpu and memory can be changed through the subresource resize, all else is immutable.",
  restartPolicy:
    "When this container is restarted, whatever the pod's restartPolicy says: Always, OnFailure or Never. An init container with Always is a sidecar: it starts in its turn, runs beside the pod's containers and is stopped after them.",
  restartPolicyRules:
    "Rules by exit code, in order: the first that matches decides whether the container is restarted; when none does, restartPolicy, which must be set then. At most 20.",
  securityContext:
    "Users, privileges and other security options of the container. They win over those of the pod. Immutable.",
  startupProbe:
    "A check that the container has come up: until it succeeds the other probes wait; when it fails for good, the container is killed as by the livenessProbe. Of init containers only sidecars can have one. Immutable.",
  stdin:
    "Keep the standard input open, so that a client can attach to it; else reads from it end at once. Default false.",
  stdinOnce:
    "Close the standard input when the first client that attached goes away, instead of keeping it for the next. Default false.",
  terminationMessagePath:
    "File in the container whose content becomes the message of its end in the pod's status, at most 4096 bytes. Default /dev/termination-log. Immutable.",
  terminationMessagePolicy:
    "Where the message of the end comes from: File, or FallbackToLogsOnError: the end of the log (2048 bytes or 80 lines) when the file is empty and the container failed. Default File. Immutable.",
  tty: "Give the container a terminal; needs stdin. Default false.",
  volumeDevices: "Block devices that the container gets: volumes of mode Block. Immutable.",
  volumeMounts: "Where the pod's volumes appear in the container's file system. Immutable.",
  workingDir: "Directory that the program starts in. Default what the image says. Immutable.",
};

export const containers: Descriptions = {
  Container: {
    "": "One container of a pod: an image, the program that runs in it, its resources, mounts and checks.",
    ...fields,
  },
  EphemeralContainer: {
    "": "A container that is added to a running pod to look into it, through the subresource ephemeralcontainers. It has no resources of its own, is never restarted and cannot be taken out again.",
    ...fields,
    image: "The image, often one with tools for debugging. Immutable, as all of an ephemeral container.",
    lifecycle: "Not allowed for ephemeral containers.",
    livenessProbe: "Not allowed for ephemeral containers.",
    ports: "Not allowed for ephemeral containers.",
    readinessProbe: "Not allowed for ephemeral containers.",
    resizePolicy: "Not allowed for ephemeral containers.",
    resources: "Not allowed for ephemeral containers: they use what the pod has.",
    restartPolicy: "Not allowed for ephemeral containers: they are never restarted.",
    restartPolicyRules: "Not allowed for ephemeral containers.",
    startupProbe: "Not allowed for ephemeral containers.",
    targetContainerName:
      "The container of the pod whose process namespace it shares, so that its processes can be seen. Without it, what the pod says.",
    volumeMounts: "Where the pod's volumes appear in its file system. No subPath.",
  },
  ContainerPort: {
    "": "A port that a container listens on.",
    containerPort: "The port's number in the pod, 1 to 65535.",
    hostIP: "Address of the node that hostPort is bound to. Default all of them.",
    hostPort:
      "Port of the node that leads to this one, 1 to 65535. Only one pod of a node can have it. With hostNetwork it must equal containerPort.",
    name: "A name that Services and probes can use instead of the number: at most 15 lowercase letters, digits and dashes, unique in the pod.",
    protocol: "TCP, UDP or SCTP. Default TCP.",
  },
  ContainerResizePolicy: {
    "": "Whether one resource of a container can change while it runs.",
    resourceName: "The resource: cpu or memory.",
    restartPolicy: "NotRequired tries it without a restart, RestartContainer restarts the container.",
  },
  ContainerRestartRule: {
    "": "What happens when the container ends in a certain way.",
    action: "Restart: start the container again; RestartAllContainers: start all containers of the pod again.",
    exitCodes: "The exit codes that the rule is for.",
  },
  ContainerRestartRuleOnExitCodes: {
    "": "A set of exit codes, or all codes but those.",
    operator: "In: the code is one of values; NotIn: it is none of them.",
    values: "Exit codes, 0 to 255; at most 255 of them.",
  },
  ResourceRequirements: {
    "": "How much a container or pod asks for and how much it may use.",
    claims: "Which of the pod's resourceClaims the container uses. Immutable.",
    limits:
      "At most so much: with more cpu it is slowed down, with more memory it is killed. For extended resources the same as the request.",
    requests:
      "So much is set aside: the scheduler looks for a node that has it. Default the limits where these are set. Not more than the limits.",
  },
  ResourceClaim: {
    "": "A claim of the pod that a container uses.",
    name: "Name of an entry of the pod's resourceClaims.",
    request: "Name of one request of the claim, where the container uses just this. Default all of them.",
  },
  EnvVar: {
    "": "One environment variable: a name and either a value or where the value comes from.",
    name: "Name of the variable: printable ASCII without the equals sign.",
    value:
      "The value. $(NAME) becomes the value of a variable named before it; $$(NAME) stays as $(NAME). Default empty. Not together with valueFrom.",
    valueFrom: "Where the value comes from. Not together with value.",
  },
  EnvVarSource: {
    "": "Where the value of an environment variable comes from; exactly one of these.",
    configMapKeyRef: "A key of a ConfigMap.",
    fieldRef:
      "A field of the pod: metadata.name, metadata.namespace, metadata.uid, metadata.labels['key'], metadata.annotations['key'], spec.nodeName, spec.serviceAccountName, status.hostIP, status.hostIPs, status.podIP or status.podIPs.",
    fileKeyRef: "A variable in a file that an init container wrote into an emptyDir volume.",
    resourceFieldRef: "A resource of a container: limits or requests of cpu, memory, ephemeral-storage or huge pages.",
    secretKeyRef: "A key of a Secret.",
  },
  EnvFromSource: {
    "": "A ConfigMap or Secret whose keys all become environment variables.",
    configMapRef: "The ConfigMap.",
    prefix: "What is put before each key. Default nothing.",
    secretRef: "The Secret.",
  },
  ConfigMapEnvSource: {
    "": "A ConfigMap of the pod's namespace, all keys of it.",
    name: "Name of the ConfigMap.",
    optional: "Whether the container starts also when the ConfigMap is not there. Default false.",
  },
  SecretEnvSource: {
    "": "A Secret of the pod's namespace, all keys of it.",
    name: "Name of the Secret.",
    optional: "Whether the container starts also when the Secret is not there. Default false.",
  },
  ConfigMapKeySelector: {
    "": "One key of a ConfigMap of the pod's namespace.",
    key: "The key.",
    name: "Name of the ConfigMap.",
    optional: "Whether the container starts also when the ConfigMap or the key is not there. Default false.",
  },
  SecretKeySelector: {
    "": "One key of a Secret of the pod's namespace.",
    key: "The key.",
    name: "Name of the Secret.",
    optional: "Whether the container starts also when the Secret or the key is not there. Default false.",
  },
  FileKeySelector: {
    "": "One variable of a file of environment variables in a volume of the pod.",
    key: "Name of the variable in the file.",
    optional: "Whether the container starts also when the file or the variable is not there. Default false.",
    path: "Path of the file in the volume, relative and without .. in it.",
    volumeName: "Name of the pod's volume; it must be an emptyDir.",
  },
  ObjectFieldSelector: {
    "": "One field of the pod itself.",
    apiVersion: "The version that fieldPath is written for. Default v1.",
    fieldPath: "Path of the field, such as metadata.name or metadata.labels['app'].",
  },
  ResourceFieldSelector: {
    "": "How much of a resource a container asks for or may use.",
    containerName: "Name of the container. Needed in volumes; in an environment the container itself is meant.",
    divisor: "Unit that the amount is written in, rounded up: 1m for thousandths of a cpu, 1Mi for memory. Default 1.",
    resource: "The resource: limits or requests, a dot and its name, as in limits.cpu.",
  },
  Lifecycle: {
    "": "What is to be done as a container starts and ends.",
    postStart:
      "Done right after the container was made, at the same time as its program; until it is over the container does not count as running. When it fails, the container is killed.",
    preStop:
      "Done before the container is stopped by the API, not when it ends by itself. Its time counts into terminationGracePeriodSeconds.",
    stopSignal:
      "The signal that asks the container to end. Default what the image says, else SIGTERM. The pod needs spec.os.name for it. Needs the feature gate ContainerStopSignals.",
  },
  LifecycleHandler: {
    "": "One thing to do; exactly one of these.",
    exec: "Run a program in the container.",
    httpGet: "Send an HTTP GET request.",
    sleep: "Wait some seconds.",
    tcpSocket: "Not supported: a hook of this kind fails. It is only kept so that old objects can be read.",
  },
  SleepAction: {
    "": "Wait without doing anything.",
    seconds: "How long, in seconds.",
  },
  Probe: {
    "": "A check of a container that the kubelet repeats. Exactly one of exec, grpc, httpGet and tcpSocket says how.",
    exec: "Run a program in the container: it succeeds when it exits with 0.",
    failureThreshold: "So many failures in a row count as failed. At least 1, default 3.",
    grpc: "Ask gRPC's health service on a port.",
    httpGet: "Send an HTTP GET request: it succeeds with a status from 200 to 399.",
    initialDelaySeconds: "Seconds after the container's start before the first check. Default 0.",
    periodSeconds: "Seconds between checks. At least 1, default 10.",
    successThreshold:
      "So many successes in a row count as succeeded, after a failure. Default 1, and always 1 for liveness and startup.",
    tcpSocket: "Open a TCP connection: it succeeds when that is accepted.",
    terminationGracePeriodSeconds:
      "Seconds that the container has to end once this check has failed; default that of the pod. At least 1. Not for readiness probes.",
    timeoutSeconds: "Seconds until a check that has not answered counts as failed. At least 1, default 1.",
  },
  ExecAction: {
    "": "A program that is run in the container.",
    command:
      "The program and its arguments. No shell is started; its directory is the root of the container's file system.",
  },
  HTTPGetAction: {
    "": "An HTTP GET request that the kubelet sends.",
    host: "Where it is sent. Default the pod's IP. To send another Host, set it in httpHeaders.",
    httpHeaders: "Headers to send; a name may stand more than once.",
    path: "Path of the URL. Default /.",
    port: "Number or name of the container's port.",
    scheme: "HTTP or HTTPS; certificates are not checked. Default HTTP.",
  },
  HTTPHeader: {
    "": "One header of a request.",
    name: "Name of the header; upper and lower case are the same.",
    value: "Its value.",
  },
  TCPSocketAction: {
    "": "A TCP connection that the kubelet opens.",
    host: "Where to. Default the pod's IP.",
    port: "Number or name of the container's port.",
  },
  GRPCAction: {
    "": "A call of gRPC's health service.",
    port: "Number of the port.",
    service: "Name of the service that is asked for. Default empty: the server as a whole.",
  },
};
