// The health of a component on this machine, as componentstatuses show it. Upstream: componentstatus's validators.
import { get } from "node:https";

const longestMs = 20_000;

/** `/healthz` over HTTPS, any certificate. Rejects with what Go's client says of a port where nobody listens. */
export const localHealth = (port: number): Promise<string> =>
  new Promise((resolve, reject) => {
    const url = `https://127.0.0.1:${port}/healthz`;
    const request = get(url, { rejectUnauthorized: false, timeout: longestMs }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (part: string) => {
        text += part;
      });
      response.on("end", () => {
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(text));
      });
    });
    request.on("timeout", () => request.destroy(new Error("context deadline exceeded")));
    request.on("error", (error: NodeJS.ErrnoException) => {
      const why =
        error.code === "ECONNREFUSED" ? `dial tcp 127.0.0.1:${port}: connect: connection refused` : error.message;
      reject(new Error(`Get "${url}": ${why}`));
    });
  });
