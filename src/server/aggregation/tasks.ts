// Work by name that is done again: at once when something happened, later when it failed (each time twice as late), and every
// now and then for what no event tells. A name is worked on once at a time.
import type { Clock, Timer } from "../../base/index.ts";

export interface Tasks {
  /** As soon as possible; once more afterwards when it is being done. */
  now(name: string): void;
  forget(name: string): void;
  close(): void;
}

export interface TaskOptions {
  readonly clock: Clock;
  readonly firstRetryMs: number;
  readonly lastRetryMs: number;
  readonly resyncMs: number;
  /** Rejects or returns false: to be tried again. */
  readonly work: (name: string) => Promise<boolean>;
  readonly failed: (name: string, error: unknown) => void;
}

interface Task {
  failures: number;
  running: boolean;
  again: boolean;
  timer: Timer | undefined;
}

export function createTasks(options: TaskOptions): Tasks {
  const { clock, work } = options;
  const tasks = new Map<string, Task>();

  function later(name: string, task: Task, delayMs: number): void {
    task.timer?.cancel();
    task.timer = clock.setTimeout(() => run(name, task), delayMs, { background: true });
  }

  function run(name: string, task: Task): void {
    task.timer?.cancel();
    task.timer = undefined;
    if (task.running) {
      task.again = true;
      return;
    }
    task.running = true;
    work(name)
      .catch((error: unknown) => {
        options.failed(name, error);
        return false;
      })
      .then((done) => {
        task.running = false;
        if (tasks.get(name) !== task) return;
        task.failures = done ? 0 : task.failures + 1;
        if (task.again) {
          task.again = false;
          run(name, task);
        } else later(name, task, done ? options.resyncMs : retryDelay(task.failures));
      });
  }

  const retryDelay = (failures: number): number =>
    Math.min(options.firstRetryMs * 2 ** Math.min(failures - 1, 30), options.lastRetryMs);

  return {
    now(name) {
      let task = tasks.get(name);
      if (task === undefined) tasks.set(name, (task = { failures: 0, running: false, again: false, timer: undefined }));
      run(name, task);
    },
    forget(name) {
      tasks.get(name)?.timer?.cancel();
      tasks.delete(name);
    },
    close() {
      for (const { timer } of tasks.values()) timer?.cancel();
      tasks.clear();
    },
  };
}
