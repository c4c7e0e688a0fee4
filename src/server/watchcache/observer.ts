// Who is told of every object of a kind as it comes, changes and goes.

export interface ObjectObserver<T> {
  upsert(object: T, before: T | undefined): void;
  remove(object: T): void;
}
