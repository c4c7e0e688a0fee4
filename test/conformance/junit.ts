// Reads the JUnit file that the suite writes. Source: test/e2e/framework/internal/junit (ginkgo's reporter with short options).

export interface TestResult {
  readonly name: string;
  readonly passed: boolean;
  readonly seconds: number;
  /** First line that says why; absent when passed. */
  readonly error?: string;
  /** What the suite logged while it ran; absent when passed. */
  readonly log?: string;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

const decoded = (text: string): string =>
  text.replace(/&(?:#x([0-9A-Fa-f]+)|#(\d+)|(\w+));/g, (whole, hex?: string, decimal?: string, name?: string) => {
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    return entities[name ?? ""] ?? whole;
  });

const attribute = (words: string, name: string): string =>
  decoded(new RegExp(`\\b${name}="([^"]*)"`).exec(words)?.[1] ?? "");

/** Tests that ran; those that were left out, and the suite's own set-up unless it failed, are no results. */
export function parseJUnit(text: string): TestResult[] {
  const results: TestResult[] = [];
  for (const [, words = "", body = ""] of text.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const status = attribute(words, "status");
    if (status === "skipped" && !/<failure|<error/.test(body)) continue;
    const title = attribute(words, "name");
    const passed = status === "passed";
    if (!title.startsWith("[It] ") && passed) continue;
    const failure = decoded(/<(failure|error)\b[^>]*>([\s\S]*?)<\/\1>/.exec(body)?.[2] ?? "");
    results.push({
      name: title.replace(/^\[It\] /, ""),
      passed,
      seconds: Number(attribute(words, "time")),
      ...(passed ? {} : { error: firstReason(failure), log: logOf(body, failure) }),
    });
  }
  return results;
}

/** Tests that left themselves out, with the reason; a test that was not chosen has none. */
export function parseSkipped(text: string): Map<string, string> {
  const skipped = new Map<string, string>();
  for (const [, words = "", body = ""] of text.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)) {
    const title = attribute(words, "name");
    const reason = /^skipped - ([\s\S]*)$/.exec(attribute(body, "message"))?.[1];
    if (attribute(words, "status") === "skipped" && title.startsWith("[It] ") && reason !== undefined)
      skipped.set(title.replace(/^\[It\] /, ""), reason);
  }
  return skipped;
}

const logOf = (body: string, failure: string): string =>
  `${decoded(/<system-err>([\s\S]*?)<\/system-err>/.exec(body)?.[1] ?? "")}\n${failure}`;

/** Lines of a Go error that say nothing by themselves. */
const empty = /^(\[(FAILED|PANICKED|TIMEDOUT|INTERRUPTED)\]\s*)?$|^<.*>:?\s*\{?$|^\s*[{}\]]*\s*$/;

/** Colours of a terminal, whose first character XML cannot have. */
const colours = /[\u001b\ufffd]\[[\d;]*m/g;

/** The first line that tells, with the next one when it only announces what follows. */
function firstReason(failure: string): string {
  const lines = failure
    .replace(colours, "")
    .split("\n")
    .map((line) => line.replace(/^\[(FAILED|PANICKED|TIMEDOUT|INTERRUPTED)\]\s*/, "").trim())
    .filter((line) => !empty.test(line));
  const [first = "no reason given", second] = lines;
  const isOpen = /(:|Unexpected error|Expected)$/.test(first);
  return (isOpen && second !== undefined && !second.startsWith("In [") ? `${first} ${second}` : first).slice(0, 400);
}

const quiet =
  /\b(Scheduled|Pulled|Created|Started|Killing|SuccessfulCreate|SuccessfulDelete|ScalingReplicaSet|NodeHasSufficient\w+|RegisteredNode|Starting|NodeReady|NodeAllocatableEnforced|Completed|WaitForFirstConsumer|ProvisioningSucceeded|NoPods|LeaderElection)\b/;

/** Events of the test's namespace that are not everyday ones, as the suite dumps them. */
export function remarkableEvents(log: string): string[] {
  const events = [...log.matchAll(/At .*? - event for (\S+): \{[^}]*\} (\w+): ?(.*)/g)]
    .filter(([, , reason = ""]) => !quiet.test(reason))
    .map(([, object = "", reason = "", message = ""]) => `${object} ${reason}: ${message.slice(0, 240)}`);
  return [...new Set(events)];
}
