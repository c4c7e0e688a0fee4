// Which cached objects hold their decoded form. Bytes are what the cache is made of; decoded objects are several times as
// large, and most are never asked for again, so only those asked for of late are kept.
//
// Contract: `use` says that an object was decoded; behind the bound the longest unused one is told to `forget`.

export interface Decodable {
  /** Asked for since the last look. */
  used: boolean;
  /** Bytes of its encoded form. */
  readonly size: number;
  forget(): void;
}

export class DecodedObjects {
  readonly #mostBytes: number;
  /** A clock's face: what was used since the hand came by last gets another round. */
  #queue: Decodable[] = [];
  #hand = 0;
  #size = 0;

  /** `mostBytes`: of the encoded forms of all that are decoded. */
  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  /** Of an object that was not decoded before. */
  add(object: Decodable): void {
    this.#queue.push(object);
    this.#size += object.size;
    while (this.#size > this.#mostBytes && this.#hand < this.#queue.length - 1) this.#advance();
    if (this.#hand < 4096) return;
    this.#queue = this.#queue.slice(this.#hand);
    this.#hand = 0;
  }

  #advance(): void {
    const object = this.#queue[this.#hand++]!;
    if (object.used) {
      object.used = false;
      this.#queue.push(object);
      return;
    }
    this.#size -= object.size;
    object.forget();
  }
}
