// Which Kubernetes this is.
/** The Kubernetes release whose behaviour this is: what /version, nodes and the command line say. */
export const kubernetesVersion = "v1.36.3";
