// The document /openapi/v3/version of kube-apiserver 1.36.3, as JSON and as protobuf.
export const versionDocument = {
  openapi: "3.0.0",
  info: {
    title: "Kubernetes",
    version: "1.36",
  },
  paths: {
    "/version/": {
      get: {
        tags: ["version"],
        description: "get the version information for this server",
        operationId: "getCodeVersion",
        responses: {
          "200": {
            description: "OK",
            content: {
              "application/json": {
                schema: {
                  $ref: "#/components/schemas/io.k8s.apimachinery.pkg.version.Info",
                },
              },
            },
          },
          "401": {
            description: "Unauthorized",
          },
        },
      },
    },
  },
  components: {
    schemas: {
      "io.k8s.apimachinery.pkg.version.Info": {
        description: "Info contains versioning information. how we'll want to distribute that information.",
        type: "object",
        required: [
          "major",
          "minor",
          "gitVersion",
          "gitCommit",
          "gitTreeState",
          "buildDate",
          "goVersion",
          "compiler",
          "platform",
        ],
        properties: {
          buildDate: {
            type: "string",
            default: "",
          },
          compiler: {
            type: "string",
            default: "",
          },
          emulationMajor: {
            description: "EmulationMajor is the major version of the emulation version",
            type: "string",
          },
          emulationMinor: {
            description: "EmulationMinor is the minor version of the emulation version",
            type: "string",
          },
          gitCommit: {
            type: "string",
            default: "",
          },
          gitTreeState: {
            type: "string",
            default: "",
          },
          gitVersion: {
            type: "string",
            default: "",
          },
          goVersion: {
            type: "string",
            default: "",
          },
          major: {
            description: "Major is the major version of the binary version",
            type: "string",
            default: "",
          },
          minCompatibilityMajor: {
            description: "MinCompatibilityMajor is the major version of the minimum compatibility version",
            type: "string",
          },
          minCompatibilityMinor: {
            description: "MinCompatibilityMinor is the minor version of the minimum compatibility version",
            type: "string",
          },
          minor: {
            description: "Minor is the minor version of the binary version",
            type: "string",
            default: "",
          },
          platform: {
            type: "string",
            default: "",
          },
        },
      },
    },
    securitySchemes: {
      BearerToken: {
        type: "apiKey",
        description: "Bearer Token authentication",
        name: "authorization",
        in: "header",
      },
    },
  },
};

export const versionProtobuf =
  "CgUzLjAuMBISCgpLdWJlcm5ldGVzMgQxLjM2ItsBCtgBCgkvdmVyc2lvbi8SygEixwEKB3ZlcnNpb24aK2dldCB0aGUgdmVyc2lvbiBpbmZvcm1hdGlvbiBmb3IgdGhpcyBzZXJ2ZXIqDmdldENvZGVWZXJzaW9uQn8SZAoDMjAwEl0KWwoCT0saVQpTChBhcHBsaWNhdGlvbi9qc29uEj8KPRI7CjkjL2NvbXBvbmVudHMvc2NoZW1hcy9pby5rOHMuYXBpbWFjaGluZXJ5LnBrZy52ZXJzaW9uLkluZm8SFwoDNDAxEhAKDgoMVW5hdXRob3JpemVkKvAICpwICpkICiRpby5rOHMuYXBpbWFjaGluZXJ5LnBrZy52ZXJzaW9uLkluZm8S8AcK7Qe6AQVtYWpvcroBBW1pbm9yugEKZ2l0VmVyc2lvbroBCWdpdENvbW1pdLoBDGdpdFRyZWVTdGF0ZboBCWJ1aWxkRGF0ZboBCWdvVmVyc2lvbroBCGNvbXBpbGVyugEIcGxhdGZvcm3KAQZvYmplY3T6AaMGCh0KCWJ1aWxkRGF0ZRIQCg7KAQZzdHJpbmeKAgIaAAocCghjb21waWxlchIQCg7KAQZzdHJpbmeKAgIaAApcCg5lbXVsYXRpb25NYWpvchJKCkjKAQZzdHJpbmeSAjxFbXVsYXRpb25NYWpvciBpcyB0aGUgbWFqb3IgdmVyc2lvbiBvZiB0aGUgZW11bGF0aW9uIHZlcnNpb24KXAoOZW11bGF0aW9uTWlub3ISSgpIygEGc3RyaW5nkgI8RW11bGF0aW9uTWlub3IgaXMgdGhlIG1pbm9yIHZlcnNpb24gb2YgdGhlIGVtdWxhdGlvbiB2ZXJzaW9uCh0KCWdpdENvbW1pdBIQCg7KAQZzdHJpbmeKAgIaAAogCgxnaXRUcmVlU3RhdGUSEAoOygEGc3RyaW5nigICGgAKHgoKZ2l0VmVyc2lvbhIQCg7KAQZzdHJpbmeKAgIaAAodCglnb1ZlcnNpb24SEAoOygEGc3RyaW5nigICGgAKTAoFbWFqb3ISQwpBygEGc3RyaW5nigICGgCSAjBNYWpvciBpcyB0aGUgbWFqb3IgdmVyc2lvbiBvZiB0aGUgYmluYXJ5IHZlcnNpb24KdgoVbWluQ29tcGF0aWJpbGl0eU1ham9yEl0KW8oBBnN0cmluZ5ICT01pbkNvbXBhdGliaWxpdHlNYWpvciBpcyB0aGUgbWFqb3IgdmVyc2lvbiBvZiB0aGUgbWluaW11bSBjb21wYXRpYmlsaXR5IHZlcnNpb24KdgoVbWluQ29tcGF0aWJpbGl0eU1pbm9yEl0KW8oBBnN0cmluZ5ICT01pbkNvbXBhdGliaWxpdHlNaW5vciBpcyB0aGUgbWlub3IgdmVyc2lvbiBvZiB0aGUgbWluaW11bSBjb21wYXRpYmlsaXR5IHZlcnNpb24KTAoFbWlub3ISQwpBygEGc3RyaW5nigICGgCSAjBNaW5vciBpcyB0aGUgbWlub3IgdmVyc2lvbiBvZiB0aGUgYmluYXJ5IHZlcnNpb24KHAoIcGxhdGZvcm0SEAoOygEGc3RyaW5nigICGgCSAlRJbmZvIGNvbnRhaW5zIHZlcnNpb25pbmcgaW5mb3JtYXRpb24uIGhvdyB3ZSdsbCB3YW50IHRvIGRpc3RyaWJ1dGUgdGhhdCBpbmZvcm1hdGlvbi46TwpNCgtCZWFyZXJUb2tlbhI+CjwKBmFwaUtleRIbQmVhcmVyIFRva2VuIGF1dGhlbnRpY2F0aW9uGg1hdXRob3JpemF0aW9uIgZoZWFkZXI=";
