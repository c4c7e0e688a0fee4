// Fresh keys for tests of token issuers.
import { generateKeyPairSync } from "node:crypto";

const pem = { type: "pkcs8", format: "pem" } as const;
export const p256Key: string = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export(pem) as string;
export const rsaKey: string = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export(pem) as string;
