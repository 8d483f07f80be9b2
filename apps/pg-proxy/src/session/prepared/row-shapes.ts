import {
  backend as from,
  close,
  describe,
  parameterDescription,
  readParameterDescription,
  readRowDescription,
  type WireFault,
} from '@medrex/pg-wire';
import { createHash } from 'node:crypto';
import type { Backend } from '../backend/backend.ts';
import { owed, unasked, type Undo } from '../backend/expected-answers.ts';
import { OwnNote } from '../backend/own-question.ts';
import { prepareShared } from './prepare-shared.ts';
import { statementPrefix, type Statement, type Statements, type Told } from './statements.ts';

const changed: WireFault = {
  sqlstate: '0A000',
  message: 'cached plan must not change result type',
  routine: 'RevalidateCachedQuery',
};
const unknown = describe({ of: 'statement', name: `${statementPrefix}unknown` });

/** Hears what a client is told of a prepared statement: of its rows, what PostgreSQL compares of them. */
export class Description extends OwnNote {
  #pieces: Buffer[] = [];
  #parameterTypes: readonly number[] = [];
  readonly #then: (told: Told) => void;

  constructor(then: (told: Told) => void) {
    super();
    this.#then = then;
  }

  /** A ParameterDescription, or a piece of it; then a RowDescription, or NoData. */
  described(buffer: Buffer, start: number, end: number, isLast: boolean): void {
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    if (!isLast) return;
    const message = Buffer.concat(this.#pieces);
    this.#pieces = [];
    if (message[0] === from.parameterDescription)
      this.#parameterTypes = readParameterDescription(message, 0, message.length) ?? [];
    else this.#then(toldOf(this.#parameterTypes, message));
  }
}

function toldOf(parameterTypes: readonly number[], message: Buffer): Told {
  const columns = readRowDescription(message, 0, message.length)?.map((one) => [one.name, one.type, one.typeModifier]);
  const hasRows = columns !== undefined;
  if (!hasRows && parameterTypes.length === 0) return { parameterTypes, shape: 'none', hasRows };
  const shape = createHash('sha256')
    .update(JSON.stringify([parameterTypes, columns ?? 'none']))
    .digest('base64');
  return { parameterTypes, shape, hasRows };
}

class Refusal extends OwnNote {
  override readonly fault = changed;
  readonly beforeFault: Buffer | undefined;

  constructor(beforeFault: Buffer | undefined) {
    super();
    this.beforeFault = beforeFault;
  }

  described(): void {
    // There is no such statement.
  }
}

export interface HoldsBack {
  /** The message at hand is looked at again when `ToldShapes.isAwaited` is false, and `answered` has been called. */
  holdBack(backend: Backend): void;
  answered(): void;
  /** The rows of what runs already are none that the client can read. */
  unreadable(fault: WireFault): void;
}

/** As on a direct connection, nobody binds or gets other types than he has been told, whatever backend prepares his statement anew. */
export class ToldShapes {
  /** A statement is being prepared, and its rows must look as its clients know them. */
  isAwaited = false;
  /** It was, and they do not: what its client has prepared. */
  #changed: object | undefined;
  /** What the client has bound last, while nobody has been told of it. */
  #bound: { readonly portal: string; readonly statement: Statement } | undefined;
  readonly #statements: Statements;
  readonly #wire: HoldsBack;

  constructor(statements: Statements, wire: HoldsBack) {
    this.#statements = statements;
    this.#wire = wire;
  }

  /** Hears what a client is told, where nobody has been told before. */
  told(statement: Statement): Description | undefined {
    if (!isToBeTold(statement)) return undefined;
    return new Description((told) => (statement.told ??= told));
  }

  /** @param statement undefined: it is not one that all share */
  bound(portal: string, statement: Statement | undefined): void {
    this.#bound = statement !== undefined && isToBeTold(statement) ? { portal, statement } : undefined;
  }

  /** Rows may be told by a portal alone. That says nothing of parameters, so the server is asked of the statement itself. */
  portalTold(backend: Backend, portal: string): void {
    const bound = this.#bound;
    this.#bound = undefined;
    // Where the server has passed over its Parse and its Bind there is nothing to be told.
    if (bound?.portal !== portal || !backend.prepared.touch(bound.statement.name)) return;
    ask(backend, bound.statement.name, (told) => (bound.statement.told ??= told));
  }

  /** No portal outlives its transaction. */
  transactionEnded(): void {
    this.#bound = undefined;
  }

  /**
   * Where the backend does not have it. The message at hand waits for what the server says of it.
   *
   * @param named what the client has prepared; under another search_path that is another statement, each time that something has changed
   * @param asked whose rows are refused where they are others
   */
  prepareAs(shape: string, backend: Backend, statement: Statement, named: Statement, asked: Refused): void {
    if (this.hasChanged(named)) return refuse(backend, asked);
    if (!prepareShared(backend, statement)) return;
    const described = (now: Told): void => {
      const { told } = statement;
      if (told === undefined || told.shape === now.shape) statement.told = now;
      else {
        if (now.shape !== shape) this.#changed = named;
        this.#statements.reshaped();
        backend.prepared.delete(statement.name);
        backend.expected.push(owed.close | unasked);
        backend.outbox.push(close({ of: 'statement', name: statement.name }));
      }
    };
    this.#await(backend, statement.name, described);
  }

  /** What a client has prepared was found to be another, for the message at hand. */
  hasChanged(prepared: object): boolean {
    const hasChanged = this.#changed === prepared;
    this.#changed = undefined;
    return hasChanged;
  }

  get version(): number {
    return this.#statements.version;
  }

  /** Its unnamed statement, which the backend has just been given. What comes next does not wait; where it should have, the session ends. */
  check(backend: Backend, told: Told): void {
    ask(backend, '', (now) => {
      if (now.shape !== told.shape) this.#wire.unreadable(changed);
    });
  }

  /** As `check`. The message at hand waits for what the server says of it. */
  compare(backend: Backend, unnamed: object, told: Told, forget: () => void): void {
    this.#await(backend, '', (now) => {
      if (now.shape === told.shape) return;
      this.#changed = unnamed;
      forget();
    });
  }

  #await(backend: Backend, name: string, then: (told: Told) => void): void {
    const ended = (): void => {
      this.isAwaited = false;
      this.#wire.answered();
    };
    const described = (told: Told): void => {
      then(told);
      ended();
    };
    ask(backend, name, described, ended);
    this.isAwaited = true;
    this.#wire.holdBack(backend);
  }

  /**
   * A client's own Parse, of which it has been told nothing yet, has gone to the backend.
   *
   * @param then what others have been told is no more: this is what its name means from now on
   */
  prepared(backend: Backend, statement: Statement, then: (now: Statement) => void): void {
    ask(backend, statement.name, (told) => {
      if (told.shape === statement.told?.shape) return;
      this.#statements.reshaped();
      backend.isStale = true;
      const now = this.#statements.use(statement.key, statement.reading);
      now.told ??= told;
      then(now);
      this.#statements.release(now);
    });
  }
}

/** Nobody has been told, and what is told then holds on. */
function isToBeTold({ told, ofCursor }: Statement): boolean {
  return told === undefined && !ofCursor;
}

/** Behind its Parse: the client does not see the answer. */
function ask(backend: Backend, name: string, then: (told: Told) => void, undo?: Undo): void {
  if (!backend.expected.push(owed.describe | unasked, undo, new Description(then))) return;
  backend.outbox.push(describe({ of: 'statement', name }));
}

/** A message that needs a statement as its client was told of it; a Describe is answered with its parameters first. */
export interface Refused {
  readonly of: 'bind' | 'describe';
  readonly told: Told | undefined;
}

/** The server is made to fail, so that it takes back and passes over what it would on a direct connection, and the client is told why. */
export function refuse({ expected, outbox }: Backend, { of, told }: Refused): void {
  const before = of === 'describe' && told !== undefined ? parameterDescription(told.parameterTypes) : undefined;
  if (expected.push(owed.describe, undefined, new Refusal(before))) outbox.push(unknown);
}
