// A binary heap whose members can be found, moved and removed by key.

export class KeyedHeap<T> {
  readonly #less: (a: T, b: T) => boolean;
  readonly #keyOf: (item: T) => string;
  readonly #items: T[] = [];
  readonly #indexes = new Map<string, number>();

  constructor(keyOf: (item: T) => string, less: (a: T, b: T) => boolean) {
    this.#keyOf = keyOf;
    this.#less = less;
  }

  get size(): number {
    return this.#items.length;
  }

  get(key: string): T | undefined {
    const index = this.#indexes.get(key);
    return index === undefined ? undefined : this.#items[index];
  }

  has(key: string): boolean {
    return this.#indexes.has(key);
  }

  peek(): T | undefined {
    return this.#items[0];
  }

  values(): Iterable<T> {
    return this.#items;
  }

  /** Adds the item, or takes it over in place of the one with its key. */
  set(item: T): void {
    const key = this.#keyOf(item);
    const index = this.#indexes.get(key);
    if (index === undefined) {
      this.#items.push(item);
      this.#indexes.set(key, this.#items.length - 1);
      this.#up(this.#items.length - 1);
    } else {
      this.#items[index] = item;
      this.#down(this.#up(index));
    }
  }

  pop(): T | undefined {
    const top = this.#items[0];
    if (top !== undefined) this.delete(this.#keyOf(top));
    return top;
  }

  delete(key: string): boolean {
    const index = this.#indexes.get(key);
    if (index === undefined) return false;
    this.#indexes.delete(key);
    const last = this.#items.pop()!;
    if (index === this.#items.length) return true;
    this.#items[index] = last;
    this.#indexes.set(this.#keyOf(last), index);
    this.#down(this.#up(index));
    return true;
  }

  #up(from: number): number {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#less(this.#items[index]!, this.#items[parent]!)) break;
      this.#swap(index, parent);
      index = parent;
    }
    return index;
  }

  #down(from: number): void {
    let index = from;
    for (;;) {
      const left = 2 * index + 1;
      const right = left + 1;
      let least = index;
      if (left < this.#items.length && this.#less(this.#items[left]!, this.#items[least]!)) least = left;
      if (right < this.#items.length && this.#less(this.#items[right]!, this.#items[least]!)) least = right;
      if (least === index) return;
      this.#swap(index, least);
      index = least;
    }
  }

  #swap(a: number, b: number): void {
    const first = this.#items[a]!;
    const second = this.#items[b]!;
    this.#items[a] = second;
    this.#items[b] = first;
    this.#indexes.set(this.#keyOf(second), a);
    this.#indexes.set(this.#keyOf(first), b);
  }
}
