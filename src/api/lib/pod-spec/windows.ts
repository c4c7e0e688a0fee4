// Pods by operating system: what Windows asks for, and what only one of the two knows.
import type { PodSpec, WindowsSecurityContextOptions } from "../../../../facts/types/core.v1.ts";
import { dns1123Subdomain, field, utf8Length } from "../../../machinery/index.ts";
import { type Check, child } from "../validate.ts";
import { allContainers } from "./visit.ts";

const longestCredentialBytes = 64 * 1024;
const longestDomainBytes = 256;
const longestUserBytes = 104;
const netBiosName = /^[^\\/:*?"<>|.][^\\/:*?"<>|]{0,14}$/;
const dnsPart = "[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?";
const dnsName = new RegExp(`^${dnsPart}(?:\\.${dnsPart})*$`);

const userName: Check<string> = (name, at, found) => {
  const bad = (text: string): void => void found.push(field.invalid(at, name, text));
  const parts = name.split("\\");
  if (name === "") return bad("runAsUserName cannot be an empty string");
  if (/[\x00-\x1f\x7f]/.test(name)) return bad("runAsUserName cannot contain control characters");
  if (parts.length > 2) return bad("runAsUserName cannot contain more than one backslash");
  const user = parts.at(-1) ?? "";
  const domain = parts.length === 2 ? (parts[0] ?? "") : undefined;
  if (utf8Length(domain ?? "") >= longestDomainBytes)
    bad(`runAsUserName's Domain length must be under ${longestDomainBytes} characters`);
  if (domain !== undefined && !netBiosName.test(domain) && !dnsName.test(domain))
    bad("runAsUserName's Domain doesn't match the NetBios nor the DNS format");
  if (user === "") bad("runAsUserName's User cannot be empty");
  else if (utf8Length(user) > longestUserBytes)
    bad(`runAsUserName's User length must not be longer than ${longestUserBytes} characters`);
  if (/^[. ]+$/.test(user)) bad("runAsUserName's User cannot contain only periods or spaces");
  if (/["/\\:;|=,+*?<>@[\]]/.test(user))
    bad(`runAsUserName's User cannot contain the following characters: "/\\:;|=,+*?<>@[]`);
};

/** securityContext.windowsOptions of a pod or a container. */
export const windowsOptions: Check<WindowsSecurityContextOptions> = (options, at, found) => {
  const { gmsaCredentialSpecName: name, gmsaCredentialSpec: spec, runAsUserName } = options;
  const [namePath, specPath] = [child(at, "gmsaCredentialSpecName"), child(at, "gmsaCredentialSpec")];
  if (name !== undefined) for (const text of dns1123Subdomain(name)) found.push(field.invalid(namePath, name, text));
  if (spec === "") found.push(field.invalid(specPath, spec, "gmsaCredentialSpec cannot be an empty string"));
  else if (utf8Length(spec ?? "") > longestCredentialBytes)
    found.push(field.invalid(specPath, spec, "gmsaCredentialSpec size must be under 64 KiB"));
  if (runAsUserName !== undefined) userName(runAsUserName, child(at, "runAsUserName"), found);
};

/** Processes of the host come in pods of their own, in the host's network. */
export const hostProcessPod: Check<PodSpec> = (spec, at, found) => {
  const ofPod = spec.securityContext?.windowsOptions?.hostProcess;
  const all = allContainers(spec, at);
  let count = 0;
  for (const { container, path } of all) {
    const own = container.securityContext?.windowsOptions?.hostProcess;
    if (ofPod !== undefined && own !== undefined && own !== ofPod)
      found.push(
        field.invalid(
          child(path, "securityContext.windowsOptions.hostProcess"),
          own,
          `pod hostProcess value must be identical if both are specified, was ${ofPod}`,
        ),
      );
    if (own ?? ofPod) count++;
  }
  if (count === 0) return;
  if (count !== all.length)
    found.push(
      field.invalid(
        at,
        "",
        "If pod contains any hostProcess containers then all containers must be HostProcess containers",
      ),
    );
  if (!spec.hostNetwork)
    found.push(
      field.invalid(
        child(at, "hostNetwork"),
        false,
        "hostNetwork must be true if pod contains any hostProcess containers",
      ),
    );
};

const notForWindows = ["appArmorProfile", "seLinuxOptions", "seccompProfile"] as const;
const notForWindowsPods = [
  "fsGroup",
  "fsGroupChangePolicy",
  "sysctls",
  "runAsUser",
  "runAsGroup",
  "supplementalGroups",
  "supplementalGroupsPolicy",
  "seLinuxChangePolicy",
] as const;
const notForWindowsContainers = [
  "capabilities",
  "readOnlyRootFilesystem",
  "privileged",
  "allowPrivilegeEscalation",
  "procMount",
  "runAsUser",
  "runAsGroup",
] as const;

/** spec.os, and what the chosen system has no use for. */
export const operatingSystem: Check<PodSpec> = (spec, at, found) => {
  const name = spec.os?.name;
  if (spec.os === undefined) return;
  if (!name) found.push(field.required(child(at, "os.name")));
  else if (name === "linux") linuxPod(spec, at, found);
  else if (name === "windows") windowsPod(spec, at, found);
  else found.push(field.notSupported(child(at, "os"), name, ["linux", "windows"]));
};

const linuxPod: Check<PodSpec> = (spec, at, found) => {
  const contexts = [
    { context: spec.securityContext, path: at },
    ...allContainers(spec, at).map(({ container, path }) => ({ context: container.securityContext, path })),
  ];
  for (const { context, path } of contexts)
    if (context?.windowsOptions !== undefined)
      found.push(
        field.forbidden(child(path, "securityContext.windowsOptions"), "windows options cannot be set for a linux pod"),
      );
};

const windowsPod: Check<PodSpec> = (spec, at, found) => {
  const text = "cannot be set for a windows pod";
  const pod = spec.securityContext ?? {};
  for (const name of [...notForWindows, ...notForWindowsPods])
    if (pod[name] !== undefined) found.push(field.forbidden(child(at, `securityContext.${name}`), text));
  for (const name of ["hostUsers", "shareProcessNamespace"] as const)
    if (spec[name] !== undefined) found.push(field.forbidden(child(at, name), text));
  for (const name of ["hostPID", "hostIPC"] as const)
    if (spec[name]) found.push(field.forbidden(child(at, name), text));
  for (const { container, path } of allContainers(spec, at))
    for (const name of [...notForWindows, ...notForWindowsContainers])
      if (container.securityContext?.[name] !== undefined)
        found.push(field.forbidden(child(path, `securityContext.${name}`), text));
};
