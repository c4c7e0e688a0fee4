// The sample application that `npm start` shows: three web servers behind a Service, their page in a ConfigMap.
import type { ConfigMap, Deployment, Service } from "../api/index.ts";
import type { NewObject } from "../machinery/index.ts";
import { busyboxImageName } from "./images.ts";

const labels = { app: "hello" };

const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Typernetes</title>
<style>body { font: 1.2rem/1.6 system-ui; max-width: 36rem; margin: 4rem auto; padding: 0 1rem }</style>
<h1>Hello from Typernetes</h1>
<p>This page is a ConfigMap, served by three pods behind a Service. Change it and reload:</p>
<pre>kubectl edit configmap hello</pre>
</html>
`;

export interface SampleObjects {
  readonly configMap: NewObject<ConfigMap>;
  readonly deployment: NewObject<Deployment>;
  readonly service: NewObject<Service>;
}

export const sampleName = "hello";

export function sampleObjects(): SampleObjects {
  return {
    configMap: {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: sampleName, namespace: "default", labels },
      data: { "index.html": page },
    },
    deployment: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: sampleName, namespace: "default", labels },
      spec: {
        replicas: 3,
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: {
            containers: [
              {
                name: "web",
                image: busyboxImageName,
                command: ["httpd", "-f", "-p", "8080", "-h", "/www"],
                ports: [{ name: "http", containerPort: 8080 }],
                // Ready within a second of listening, then asked seldom: a cluster at rest rests.
                startupProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 1, failureThreshold: 30 },
                readinessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 10 },
                resources: { requests: { cpu: "10m", memory: "8Mi" }, limits: { memory: "64Mi" } },
                volumeMounts: [{ name: "page", mountPath: "/www" }],
              },
            ],
            volumes: [{ name: "page", configMap: { name: sampleName } }],
            terminationGracePeriodSeconds: 1,
          },
        },
      },
    },
    service: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: sampleName, namespace: "default", labels },
      spec: { type: "NodePort", selector: labels, ports: [{ name: "http", port: 80, targetPort: "http" }] },
    },
  };
}
