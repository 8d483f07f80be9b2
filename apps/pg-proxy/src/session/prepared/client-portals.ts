import { Buffer } from 'node:buffer';
import { readBind, readExecute, type Bind, type Framer } from '@medrex/pg-wire';
import type { Bound } from '@medrex/sql';
import type { Backend } from '../backend/backend.ts';
import type { Analysed } from '../client/request.ts';
import type { SessionWatch } from '../left-behind/session-watch.ts';
import type { Watched } from '../left-behind/watched.ts';
import { maySpeakOfNames, speaksOf } from './names-in-sql.ts';

export interface Prepared extends Analysed {
  /** As latin1. */
  readonly text: string;
}

/** What a portal runs. */
export interface Portal {
  readonly prepared: Prepared;
  readonly watched: Watched | undefined;
  /** The ReadyForQuery of its backend before which it does not end. */
  readonly until: number;
}

/** Of a message. */
const bodyAt = 5;

/** What the portals of one client run, where that is followed. */
export class ClientPortals {
  readonly #watch: SessionWatch;
  readonly #named = new Map<string, Portal>();
  /** Nearly always the only one. */
  #unnamed: Portal | undefined;

  constructor(watch: SessionWatch) {
    this.#watch = watch;
  }

  /** @param portal undefined: nobody follows it */
  bind(name: string, portal: Portal | undefined): void {
    if (name === '') this.#unnamed = portal;
    else if (portal !== undefined) this.#named.set(name, portal);
    else if (this.#named.size > 0) this.#named.delete(name);
  }

  /** What of the text that a Bind is about must be followed, with the parameters that it brings. */
  look({ buffer, start, end }: Framer, text: string, mayLeave: boolean, backend: Backend): Watched | undefined {
    return this.#watch.look(text, backend.status, { mayLeave, bound: this.#boundOf(readBind(buffer, start, end)) });
  }

  /** That an Execute runs. */
  of({ buffer, start, end }: Framer): Portal | undefined {
    if (buffer[start + bodyAt] === 0) return this.#unnamed;
    return this.#named.size === 0 ? undefined : this.#named.get(readExecute(buffer, start, end)?.portal ?? '');
  }

  named(name: string): Portal | undefined {
    return this.#named.get(name);
  }

  /** What one of them runs may speak of a prepared statement by this name: of the one that has it by then. */
  speakOf(name: string): boolean {
    return [...this.#named.values(), ...(this.#unnamed === undefined ? [] : [this.#unnamed])].some(
      ({ prepared: { text } }) => maySpeakOfNames(text) && speaksOf(text, [name]),
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

  /** No portal outlives its transaction. @param readies of the backend: what is bound behind them already stays */
  transactionEnded(readies: number): void {
    if (this.#unnamed !== undefined && this.#unnamed.until <= readies) this.#unnamed = undefined;
    if (this.#named.size === 0) return;
    for (const [name, { until }] of this.#named) if (until <= readies) this.#named.delete(name);
  }
}
