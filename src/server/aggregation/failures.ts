// Answers of the aggregator itself are plain text. Upstream: kube-aggregator's handler_proxy.go.
import type { ApiResponse } from "../../machinery/index.ts";
import { textResponse } from "../documents/documents.ts";

export const failed = (status: number, text: string): ApiResponse => textResponse(status, `${text}\n`);

export const unavailable = (): ApiResponse => failed(503, "service unavailable");
