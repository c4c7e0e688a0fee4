/** Runs `callback` once when the signal aborts, or at once when it already has. Returns how to take it back. */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback();
    return () => {};
  }
  signal.addEventListener("abort", callback, { once: true });
  return () => signal.removeEventListener("abort", callback);
}

/** A controller that aborts with its parent; `detach` (or abort) removes the listener, so long-lived parents do not leak. */
export function childController(parent: AbortSignal): AbortController & { detach(): void } {
  const controller = new AbortController();
  const detach = onAbort(parent, () => controller.abort(parent.reason));
  controller.signal.addEventListener("abort", detach, { once: true });
  return Object.assign(controller, { detach });
}

/** True for the error that an aborted signal makes waiting code throw. */
export const isAbort = (error: unknown, signal: AbortSignal | undefined): boolean =>
  signal?.aborted === true && (error === signal.reason || (error as { name?: string })?.name === "AbortError");
