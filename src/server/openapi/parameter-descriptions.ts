// What the documents say about parameters of operations. Loaded with the documents alone.
import type { Parameter } from "./parameters.ts";

const ofPath: Readonly<Record<string, string>> = {
  namespace: "The namespace that the object is in; also the scope of what the caller needs to be allowed.",
  path: "Where the request goes at the other end: everything behind this part of the URL.",
};

const ofQuery: Readonly<Record<string, string>> = {
  allowWatchBookmarks:
    'The client understands events of type "BOOKMARK", which tell from time to time how far the watch has come. Without watch this says nothing.',
  command: "The program to run in the container and its arguments: one parameter each, in order. No shell is started.",
  container: "Name of the container in the pod. It may be left out when the pod has only one.",
  continue:
    "Where the next part of a list begins: what the answer to the part before gave as metadata.continue. All other parameters stay the same. It expires after some minutes (410 Expired), then the list begins anew.",
  dryRun:
    "With All, everything is done and checked but nothing is stored. The answer is what it would have been. No other value is known.",
  fieldManager:
    "Who changes these fields, as managedFields notes it: at most 128 printable characters. What stands before the first slash of the User-Agent is the default.",
  fieldSelector:
    "Which objects, by their fields: comma separated conditions such as metadata.name=a or status.phase!=Running. Each kind knows a few fields. Everything when left out.",
  fieldValidation:
    "What happens to fields that are unknown or stand twice: Ignore drops them, Warn (the default) drops them and answers with a warning, Strict refuses the request.",
  follow: "The answer stays open and sends what the container writes from then on. Default false.",
  force:
    "Take over fields that another manager applied with different values, instead of a conflict. For server-side apply alone.",
  gracePeriodSeconds:
    "How long the object may take to end, in seconds; 0 at once. Each kind has its own default, a pod terminationGracePeriodSeconds.",
  ignoreStoreReadErrorWithClusterBreakingPotential:
    "Delete an object whose stored form cannot be read, without finalizers and preconditions. What depends on it may break. Needs the verb unsafe-delete-ignore-read-errors and the feature gate AllowUnsafeMalformedObjectDeletion.",
  insecureSkipTLSVerifyBackend:
    "Do not check the certificate of the kubelet that the log is read from. Someone in between could then send a log of their own. Default false.",
  labelSelector:
    "Which objects, by their labels: comma separated conditions such as app=web, tier!=front, env in (a,b), !debug. Everything when left out.",
  limit:
    "At most so many objects in one answer. When there are more, metadata.continue is set and is the parameter of the next request. All when left out.",
  limitBytes: "At most so many bytes of the log; the last line may be cut.",
  orphanDependents:
    "Deprecated: use propagationPolicy. Whether objects that this one owns stay. Not together with propagationPolicy.",
  path: "The part of the URL that is used at the other end, behind the name; it may have a query of its own.",
  ports: "Ports of the pod that are forwarded, comma separated.",
  pretty: "With true the answer is indented. By default only for browsers, curl and wget.",
  previous: "The log of the container's run before its last restart. Default false.",
  propagationPolicy:
    "What becomes of objects that this one owns: Orphan leaves them, Background deletes them afterwards, Foreground before it. Not together with orphanDependents.",
  resourceVersion:
    "How fresh what is read must be: left out, the newest; 0, anything that the server has at hand; a number, at least so new. A watch begins behind it.",
  resourceVersionMatch:
    "How resourceVersion is meant in a list: Exact, just that one; NotOlderThan, it or a newer one. Only together with resourceVersion.",
  sendInitialEvents:
    'A watch begins with an ADDED event for each object that is there, then a "BOOKMARK" event with the annotation k8s.io/initial-events-end. Needs resourceVersionMatch=NotOlderThan.',
  shardSelector:
    "Only the objects of one part of all, by a hash of a field. Needs the feature gate ShardedListAndWatch.",
  sinceSeconds: "Only what was written in the last so many seconds. Not together with sinceTime.",
  sinceTime: "Only what was written from this time on, as RFC 3339 writes it. Not together with sinceSeconds.",
  stderr: "Whether the container's standard error is sent.",
  stdin:
    "Whether what the client sends goes to the container's standard input. Default false; one of stdin, stdout and stderr has to be true.",
  stdout: "Whether the container's standard output is sent.",
  stream:
    "Which of the container's outputs: All (the default), Stdout or Stderr. The last two exclude tailLines and need the feature gate PodLogsQuerySplitStreams.",
  tailLines: "Only so many lines from the end of the log. All when left out.",
  timeoutSeconds: "How long a list or a watch may take, in seconds, however busy it is.",
  timestamps: "Put the time at which each line was written before it, as RFC 3339 writes it. Default false.",
  tty: "The process has a terminal; standard error comes with standard output then. Default false.",
  watch:
    "Send what changes, as a stream of ADDED, MODIFIED and DELETED events, instead of a list. Give resourceVersion too.",
};

/** What is different where upstream, too, tells something else: by the last word of the path, `patch`, or the kind. */
const elsewhere: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  container: {
    attach: "The container whose process is attached to. It may be left out when the pod has only one.",
    log: "The container that wrote the log. It may be left out when the pod has only one.",
  },
  fieldManager: {
    patch:
      "Who changes these fields, as managedFields notes it: at most 128 printable characters. Server-side apply needs it; for other patches what stands before the first slash of the User-Agent is the default.",
  },
  path: {
    Node: "The part of the URL that is used at the node, behind its name.",
    Pod: "The part of the URL that is used at the pod, behind its name.",
  },
  stderr: { attach: "Whether the standard error of the attached process is sent. Default true." },
  stdin: {
    attach: "Whether what the client sends goes to the standard input of the attached process. Default false.",
  },
  stdout: { attach: "Whether the standard output of the attached process is sent. Default true." },
  tty: { attach: "The attached process has a terminal. Default false." },
};

export function parameterDescription({ in: where, name, of, on }: Parameter): string {
  if (where === "path" && name === "name" && of !== undefined) return `name of the ${of}`;
  const other = where === "path" ? undefined : elsewhere[name];
  const text = other?.[on] ?? other?.[of ?? ""] ?? (where === "path" ? ofPath : ofQuery)[name];
  if (text === undefined) throw new Error(`OpenAPI: no description of the ${where} parameter ${name}`);
  return text;
}
