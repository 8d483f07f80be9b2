import type { Backend } from '../session/backend/backend.ts';
import type { Request, Requester, RequestObserver } from '../session/client/request.ts';

/** Combines observers into one, called in order; undefined if there are none. */
export function observersOf(all: readonly (RequestObserver | undefined)[]): RequestObserver | undefined {
  const observers = all.flatMap((observer) => (observer instanceof Observers ? observer.all : (observer ?? [])));
  const [only, ...more] = observers;
  return more.length === 0 ? only : new Observers(observers);
}

class Observers implements RequestObserver {
  readonly all: readonly RequestObserver[];
  /** Few observers want to know this. */
  readonly #sent: readonly RequestObserver[];
  readonly #completed: readonly RequestObserver[];

  constructor(all: readonly RequestObserver[]) {
    this.all = all;
    this.#sent = all.filter((observer) => observer.sent !== undefined);
    this.#completed = all.filter((observer) => observer.completed !== undefined);
  }

  sent(request: Request): void {
    for (const observer of this.#sent) observer.sent?.(request);
  }

  completed(request: Request, tag: string): void {
    for (const observer of this.#completed) observer.completed?.(request, tag);
  }

  ended(request: Request): void {
    for (const observer of this.all) observer.ended(request);
  }

  called(from: Requester, backend: Backend): void {
    for (const observer of this.all) observer.called?.(from, backend);
  }

  refused(from: Requester, sqlstate: string): void {
    for (const observer of this.all) observer.refused?.(from, sqlstate);
  }
}
