import type { WorkloadClass } from './workload-class.ts';

/** Which upstream the work of which class goes to; a class that is not named stays at `home`. */
export interface Routes {
  readonly home: string;
  readonly of: Readonly<Partial<Record<WorkloadClass, string>>>;
}

/** What binds a session to the upstream that it is at. */
export interface Binding {
  /** Where its transaction or pinned backend is; undefined when it has none. */
  readonly upstream: string | undefined;
}

/**
 * Where a statement goes. Inside a transaction, and while a backend is kept, nothing is rerouted: its own writes and its snapshot
 * are there only. A client that goes to several upstreams joins a pool of each.
 */
export function upstreamFor(workClass: WorkloadClass, routes: Routes, binding: Binding): string {
  return binding.upstream ?? routes.of[workClass] ?? routes.home;
}
