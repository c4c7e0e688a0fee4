// Equal parts of plain data held once: thousands of objects made from one template differ in a few members, and every object
// less is one that the garbage collector does not go through.
//
// Contract: `share` answers a value equal to the given one, frozen, of which parts are the very objects that earlier answers hold. The
// given value is taken over: what is kept of it is frozen too. Lists, plain objects, text, numbers, booleans, null and undefined are
// compared, in the order of their members; anything else stays as it is, and whatever holds it. Only what was met of late is
// known, so memory is bounded and nothing is kept for good.

/** What was used of late: at `capacity` entries those that were not used since are forgotten. */
class Recent<V> {
  readonly #capacity: number;
  #now = new Map<string, V>();
  #before = new Map<string, V>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): V | undefined {
    const found = this.#now.get(key);
    if (found !== undefined) return found;
    const old = this.#before.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: V): void {
    if (this.#now.size >= this.#capacity) {
      this.#before = this.#now;
      this.#now = new Map();
    }
    this.#now.set(key, value);
  }
}

interface Known {
  readonly value: object;
  /** Stands for it in the texts of what holds it. */
  readonly id: string;
}

/** Longer text and wider objects are hardly ever met twice. */
const longestText = 256;
const mostMembers = 64;
/** The engine keeps texts up to here once by itself. */
const longestKeptText = 10;

const values = new Recent<Known>(4096);
const texts = new Recent<string>(4096);
let made = 0;

/** What tells the value of the last `shared` from others; undefined: it is not compared. */
let mark: string | undefined;

export function share<T>(value: T): T {
  return shared(value) as T;
}

function shared(value: unknown): unknown {
  switch (typeof value) {
    case "string":
      return sharedText(value);
    case "object":
      if (value !== null) break;
      mark = "0";
      return value;
    case "number":
    case "boolean":
    case "undefined":
      mark = String(value);
      return value;
    default:
      mark = undefined;
      return value;
  }
  if (Array.isArray(value)) return sharedList(value);
  if (Object.getPrototypeOf(value) === Object.prototype)
    return sharedObject(value as Readonly<Record<string, unknown>>);
  mark = undefined;
  return value;
}

function sharedText(text: string): string {
  mark = text.length > longestText ? undefined : `${text.length}"${text}`;
  if (mark === undefined || text.length <= longestKeptText) return text;
  const known = texts.get(text);
  if (known !== undefined) return known;
  texts.set(text, text);
  return text;
}

function sharedList(list: readonly unknown[]): unknown {
  const comparable = list.length <= mostMembers;
  let key: string | undefined = comparable ? "[" : undefined;
  let copy: unknown[] | undefined;
  for (let index = 0; index < list.length; index++) {
    const member = list[index];
    const own = shared(member);
    if (own !== member) (copy ??= list.slice())[index] = own;
    if (key !== undefined) key = mark === undefined ? undefined : `${key}${mark},`;
  }
  return known(key, copy ?? list);
}

function sharedObject(object: Readonly<Record<string, unknown>>): unknown {
  const names = Object.keys(object);
  const comparable = names.length <= mostMembers;
  let key: string | undefined = comparable ? "{" : undefined;
  let copy: Record<string, unknown> | undefined;
  for (const name of names) {
    const member = object[name];
    const own = shared(member);
    if (own !== member) (copy ??= { ...object })[name] = own;
    if (key !== undefined) key = mark === undefined ? undefined : `${key}${name.length}"${name}${mark},`;
  }
  return known(key, copy ?? object);
}

function known(key: string | undefined, value: object): object {
  mark = undefined;
  if (key === undefined) return Object.freeze(value);
  const found = values.get(key);
  const entry = found ?? { value: Object.freeze(value), id: `#${made++}` };
  if (found === undefined) values.set(key, entry);
  mark = entry.id;
  return entry.value;
}
