// What must hold between acknowledged writes and what was seen of them. Pure: lists in, sentences out; no sentence means it holds.

export interface SeenEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly key: string;
  readonly revision: number;
  /** Of what the ledger writes; 0 of anything else. */
  readonly serial: number;
}

/** A write that is known to have been done: acknowledged, or found done after its answer was lost. */
export interface DoneWrite {
  readonly type: SeenEvent["type"];
  readonly key: string;
  readonly serial: number;
  /** Absent of deletions: their answer does not tell. */
  readonly revision?: number;
}

const show = (event: SeenEvent | DoneWrite | undefined): string =>
  event === undefined
    ? "nothing"
    : `${event.type} serial ${event.serial}${event.revision === undefined ? "" : ` at ${event.revision}`}`;

function byKey<T extends { readonly key: string }>(all: readonly T[]): Map<string, T[]> {
  const keys = new Map<string, T[]>();
  for (const each of all) {
    const list = keys.get(each.key);
    if (list) list.push(each);
    else keys.set(each.key, [each]);
  }
  return keys;
}

export interface State {
  readonly serial: number;
  readonly revision: number;
}

/** A list and what a watch from its revision on has shown. */
export interface Segment {
  readonly from: number;
  readonly listed: ReadonlyMap<string, State>;
  readonly events: readonly SeenEvent[];
}

/**
 * Each key's events are exactly its writes, in their order and at their revisions. Where a new segment begins (the server has said that it
 * does not know the way from the last one), its list is the state after some write behind those that were shown before.
 */
export function compareWithWrites(writes: readonly DoneWrite[], segments: readonly Segment[]): string[] {
  const done = byKey(writes);
  const seen = segments.map(({ events }) => byKey(events));
  const keys = new Set([...done.keys(), ...seen.flatMap((each) => [...each.keys()])]);
  return [...keys].flatMap((key) => {
    const parts = segments.map(({ listed }, index) => ({
      listed: listed.get(key),
      events: seen[index]!.get(key) ?? [],
    }));
    const why = walk(done.get(key) ?? [], parts);
    return why === undefined ? [] : [`${key}: ${why}`];
  });
}

interface Part {
  readonly listed: State | undefined;
  readonly events: readonly SeenEvent[];
}

function walk(writes: readonly DoneWrite[], parts: readonly Part[]): string | undefined {
  let at = 0;
  for (const [index, { listed, events }] of parts.entries()) {
    const start =
      index === 0 ? 0 : listedAfter(writes, { at, listed, isLast: index === parts.length - 1, next: events[0] });
    if (start === undefined) return `a list showed ${show(asEvent(listed))}, which is no state after write ${at}`;
    at = start;
    for (const event of events) {
      if (!isSame(writes[at], event)) return `write ${at + 1} was ${show(writes[at])}, the watch showed ${show(event)}`;
      at++;
    }
  }
  return at === writes.length ? undefined : `write ${at + 1} was ${show(writes[at])}, the watch showed nothing`;
}

const asEvent = (state: State | undefined): DoneWrite | undefined =>
  state && { type: "MODIFIED", key: "", serial: state.serial, revision: state.revision };

/** How many writes were done when a list showed that state: `at` at least. */
function listedAfter(
  writes: readonly DoneWrite[],
  { at, listed, isLast, next }: { at: number; listed: State | undefined; isLast: boolean; next: SeenEvent | undefined },
): number | undefined {
  for (let count = at; count <= writes.length; count++) {
    const last = writes[count - 1];
    if (listed !== undefined) {
      if (last?.type !== "DELETED" && last?.serial === listed.serial && last.revision === listed.revision) return count;
    } else if (
      (last === undefined || last.type === "DELETED") &&
      (next !== undefined ? isSame(writes[count], next) : !isLast || count === writes.length)
    )
      return count;
  }
  return undefined;
}

function isSame(write: DoneWrite | undefined, event: SeenEvent | undefined): boolean {
  if (write === undefined || event === undefined || write.type !== event.type) return false;
  // A deletion shows the object as it was.
  return write.serial === event.serial && (write.revision === undefined || write.revision === event.revision);
}

/** A list that begins a segment shows nothing older than what was shown before. */
export function compareLists(segments: readonly Segment[]): string[] {
  const wrong: string[] = [];
  const newest = new Map<string, number>();
  for (const { from, listed, events } of segments) {
    const shown = Math.max(0, ...newest.values());
    if (from < shown) wrong.push(`a list is of revision ${from}, ${shown} was shown before`);
    for (const [key, { revision }] of listed)
      if (revision < (newest.get(key) ?? 0)) wrong.push(`${key}: listed at ${revision} after ${newest.get(key)}`);
    for (const { key, revision } of events) newest.set(key, revision);
  }
  return wrong;
}

/** Revisions grow, and each key is added, then modified, then deleted. */
export function checkOrder({ from, listed, events }: Segment): string[] {
  const wrong: string[] = [];
  const there = new Set(listed.keys());
  let last = from;
  for (const event of events) {
    if (event.revision <= last) wrong.push(`${event.key}: ${show(event)} came after revision ${last}`);
    last = event.revision;
    if (there.has(event.key) === (event.type === "ADDED"))
      wrong.push(`${event.key}: ${show(event)} though it was ${there.has(event.key) ? "there" : "not there"}`);
    if (event.type === "DELETED") there.delete(event.key);
    else there.add(event.key);
  }
  return wrong;
}

/** A watch that was resumed again and again has seen what one that reads the same stretch at once sees. */
export function compareWatches(resumed: readonly SeenEvent[], whole: readonly SeenEvent[]): string[] {
  const wrong: string[] = [];
  const line = (event: SeenEvent): string => `${event.key}: ${show(event)}`;
  const [left, right] = [new Set(resumed.map(line)), new Set(whole.map(line))];
  for (const each of right) if (!left.has(each)) wrong.push(`the resumed watch missed ${each}`);
  for (const each of left) if (!right.has(each)) wrong.push(`only the resumed watch showed ${each}`);
  if (wrong.length === 0 && resumed.map(line).join("\n") !== whole.map(line).join("\n"))
    wrong.push("two watches of one stretch showed it in different orders");
  return wrong;
}
