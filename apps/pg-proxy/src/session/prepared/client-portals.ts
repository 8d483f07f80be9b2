import { Buffer } from 'node:buffer';
import { readBind, readExecute, type Bind, type Framer } from '@medrex/pg-wire';
import type { Bound } from '@medrex/sql';
import type { Backend } from '../backend/backend.ts';
import type { Analysed } from '../client/request.ts';
import type { SessionTracker } from '../state/session-tracker.ts';
import type { TrackedText } from '../state/tracked-text.ts';
import { mayReferToNames, refersTo } from './names-in-sql.ts';

export interface Prepared extends Analysed {
  /** UTF-8 read as latin1. */
  readonly text: string;
}

/** What a portal runs. */
export interface Portal {
  readonly prepared: Prepared;
  readonly watched: TrackedText | undefined;
  /** The number of its backend's ReadyForQuery before which the portal does not end. */
  readonly until: number;
}

/** Where a message's body begins. */
const bodyAt = 5;

/** What a client's portals run, where that is tracked. */
export class ClientPortals {
  readonly #watch: SessionTracker;
  readonly #named = new Map<string, Portal>();
  /** The unnamed portal: nearly always the only one. */
  #unnamed: Portal | undefined;

  constructor(watch: SessionTracker) {
    this.#watch = watch;
  }

  /** @param portal undefined: it is not tracked */
  bind(name: string, portal: Portal | undefined): void {
    if (name === '') this.#unnamed = portal;
    else if (portal !== undefined) this.#named.set(name, portal);
    else if (this.#named.size > 0) this.#named.delete(name);
  }

  /** What must be tracked about the text that a Bind runs, given the parameters. */
  track({ buffer, start, end }: Framer, text: string, mayLeave: boolean, backend: Backend): TrackedText | undefined {
    return this.#watch.track(text, backend.status, { mayLeave, bound: this.#boundOf(readBind(buffer, start, end)) });
  }

  /** The portal that an Execute runs. */
  of({ buffer, start, end }: Framer): Portal | undefined {
    if (buffer[start + bodyAt] === 0) return this.#unnamed;
    return this.#named.size === 0 ? undefined : this.#named.get(readExecute(buffer, start, end)?.portal ?? '');
  }

  named(name: string): Portal | undefined {
    return this.#named.get(name);
  }

  /** Whether one of them may refer to a prepared statement by this name, whatever the name means when it runs. */
  mayReferTo(name: string): boolean {
    return [...this.#named.values(), ...(this.#unnamed === undefined ? [] : [this.#unnamed])].some(
      ({ prepared: { text } }) => mayReferToNames(text) && refersTo(text, [name]),
    );
  }

  /** The texts of a Bind's parameters. */
  #boundOf(bind: Bind | undefined): Bound | undefined {
    if (bind === undefined) return undefined;
    const { parameters, parameterFormats: formats } = bind;
    return (parameter, type) => {
      const value = parameters[parameter - 1];
      if (value === undefined || value === null) return undefined;
      const format = formats.length === 1 ? formats[0] : (formats[parameter - 1] ?? 0);
      if (format === 0) return this.#watch.textOf(Buffer.from(value).toString('latin1'));
      return type === 'boolean' && value.length === 1 ? String(value[0]) : undefined;
    };
  }

  /** Portals end with their transaction. @param readies of the backend: portals bound after these stay */
  transactionEnded(readies: number): void {
    if (this.#unnamed !== undefined && this.#unnamed.until <= readies) this.#unnamed = undefined;
    if (this.#named.size === 0) return;
    for (const [name, { until }] of this.#named) if (until <= readies) this.#named.delete(name);
  }
}
