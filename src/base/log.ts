// Structured log: records for whoever writes them, and one line of text of each.
import type { Clock } from "./clock.ts";

export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFields = Readonly<Record<string, unknown>>;

export interface LogRecord {
  readonly timeMs: number;
  readonly level: LogLevel;
  readonly component: string;
  readonly message: string;
  readonly fields: LogFields;
}

/** Structured log: the message is a constant sentence, what varies goes into the fields. */
export interface Logger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** A logger of the same sink for one part of the program; fields are added to every record. */
  child(component: string, fields?: LogFields): Logger;
}

export interface LoggerOptions {
  readonly clock: Clock;
  readonly component: string;
  /** The least that is written; a function is asked for each record. */
  readonly level?: LogLevel | (() => LogLevel);
  readonly write: (record: LogRecord) => void;
  readonly fields?: LogFields;
}

const order: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export function createLogger(options: LoggerOptions): Logger {
  const { level: least = "info" } = options;
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      if (order[level] < order[typeof least === "function" ? least() : least]) return;
      options.write({
        timeMs: options.clock.now(),
        level,
        component: options.component,
        message,
        fields: options.fields === undefined ? fields : { ...options.fields, ...fields },
      });
    };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (component, fields) =>
      createLogger({
        ...options,
        component: options.component === "" ? component : `${options.component}/${component}`,
        fields: { ...options.fields, ...fields },
      }),
  };
}

/** One line of text: `2026-01-01T00:00:00.000Z info  kubelet: message key=value …`. */
export function formatRecord(record: LogRecord): string {
  let line = `${new Date(record.timeMs).toISOString()} ${record.level.padEnd(5)} ${record.component}: ${record.message}`;
  for (const [key, value] of Object.entries(record.fields)) line += ` ${key}=${formatValue(value)}`;
  return line;
}

function formatValue(value: unknown): string {
  if (value instanceof Error) return JSON.stringify(value.message);
  if (typeof value === "string") return /^[\w./:@-]+$/.test(value) ? value : JSON.stringify(value);
  return JSON.stringify(value) ?? String(value);
}

export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger,
};
