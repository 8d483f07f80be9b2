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
import { owed, hidden, type Undo } from '../backend/expected-answers.ts';
import { ProxyNote } from '../backend/proxy-query.ts';
import { prepareShared } from './prepare-shared.ts';
import { statementPrefix, type Statement, type Statements, type StatementDescription } from './statements.ts';

const changed: WireFault = {
  sqlstate: '0A000',
  message: 'cached plan must not change result type',
  routine: 'RevalidateCachedQuery',
};
const unknown = describe({ kind: 'statement', name: `${statementPrefix}unknown` });

/** Records what a client is told about a prepared statement: of the rows, what PostgreSQL compares. */
export class Description extends ProxyNote {
  #pieces: Buffer[] = [];
  #parameterTypes: readonly number[] = [];
  readonly #then: (description: StatementDescription) => void;

  constructor(then: (description: StatementDescription) => void) {
    super();
    this.#then = then;
  }

  /** Reads a ParameterDescription, or a piece of it; then a RowDescription or NoData. */
  described(buffer: Buffer, start: number, end: number, isLast: boolean): void {
    this.#pieces.push(Buffer.from(buffer.subarray(start, end)));
    if (!isLast) return;
    const message = Buffer.concat(this.#pieces);
    this.#pieces = [];
    if (message[0] === from.parameterDescription)
      this.#parameterTypes = readParameterDescription(message, 0, message.length) ?? [];
    else this.#then(descriptionOf(this.#parameterTypes, message));
  }
}

function descriptionOf(parameterTypes: readonly number[], message: Buffer): StatementDescription {
  const columns = readRowDescription(message, 0, message.length)?.map((one) => [one.name, one.type, one.typeModifier]);
  const hasRows = columns !== undefined;
  if (!hasRows && parameterTypes.length === 0) return { parameterTypes, shape: 'none', hasRows };
  const shape = createHash('sha256')
    .update(JSON.stringify([parameterTypes, columns ?? 'none']))
    .digest('base64');
  return { parameterTypes, shape, hasRows };
}

class Refusal extends ProxyNote {
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
  /** Holds the current message back; it is processed again when `answered` is called and `ClientShapes.isAwaited` is false. */
  holdBack(backend: Backend): void;
  answerReceived(): void;
  /** The rows of a statement that already runs do not have the shape that the client was told. */
  unreadable(fault: WireFault): void;
}

/** As on a direct connection, a client never binds or gets other types than it was told, whichever backend prepares its statement again. */
export class ClientShapes {
  /** A statement is being prepared whose rows must have the shape that clients were told. */
  isAwaited = false;
  /** The shape was another one: what the client has prepared. */
  #changed: object | undefined;
  /** What the client bound last, while nobody has been told its shape. */
  #bound: { readonly portal: string; readonly statement: Statement } | undefined;
  readonly #statements: Statements;
  readonly #wire: HoldsBack;

  constructor(statements: Statements, wire: HoldsBack) {
    this.#statements = statements;
    this.#wire = wire;
  }

  /** Records what a client is told, if no client has been told before. */
  recordDescription(statement: Statement): Description | undefined {
    if (!mustBeDescribed(statement)) return undefined;
    return new Description((description) => (statement.description ??= description));
  }

  /** @param statement undefined: it is not a shared statement */
  bound(portal: string, statement: Statement | undefined): void {
    this.#bound = statement !== undefined && mustBeDescribed(statement) ? { portal, statement } : undefined;
  }

  /** Rows may be described for the portal alone, which says nothing about parameters, so the statement itself is described as well. */
  describePortalStatement(backend: Backend, portal: string): void {
    const bound = this.#bound;
    this.#bound = undefined;
    // If the server has skipped the Parse and the Bind, there is nothing to describe.
    if (bound?.portal !== portal || !backend.prepared.touch(bound.statement.name)) return;
    ask(backend, bound.statement.name, (description) => (bound.statement.description ??= description));
  }

  /** Portals end with their transaction. */
  transactionEnded(): void {
    this.#bound = undefined;
  }

  /**
   * Prepares a statement that the backend does not have; the current message waits for the outcome.
   *
   * @param named what the client has prepared; under another search path this is another statement whenever something has changed
   * @param asked the message that is refused if the rows have another shape
   */
  prepareAs(shape: string, backend: Backend, statement: Statement, named: Statement, asked: Refused): void {
    if (this.hasChanged(named)) return refuse(backend, asked);
    if (!prepareShared(backend, statement)) return;
    const described = (now: StatementDescription): void => {
      const { description } = statement;
      if (description === undefined || description.shape === now.shape) statement.description = now;
      else {
        if (now.shape !== shape) this.#changed = named;
        this.#statements.tablesChanged();
        backend.prepared.delete(statement.name);
        backend.expected.push(owed.close | hidden);
        backend.outbox.push(close({ kind: 'statement', name: statement.name }));
      }
    };
    this.#await(backend, statement.name, described);
  }

  /** Whether the client's statement was found to have another shape, for the current message. */
  hasChanged(prepared: object): boolean {
    const hasChanged = this.#changed === prepared;
    this.#changed = undefined;
    return hasChanged;
  }

  get version(): number {
    return this.#statements.version;
  }

  /**
   * Checks the unnamed statement that the backend has just been given. What follows does not wait; if the shape is another one, the session
   * ends.
   */
  check(backend: Backend, description: StatementDescription): void {
    ask(backend, '', (now) => {
      if (now.shape !== description.shape) this.#wire.unreadable(changed);
    });
  }

  /** As `check`, but the current message waits for the outcome. */
  compare(backend: Backend, unnamed: object, description: StatementDescription, forget: () => void): void {
    this.#await(backend, '', (now) => {
      if (now.shape === description.shape) return;
      this.#changed = unnamed;
      forget();
    });
  }

  #await(backend: Backend, name: string, then: (description: StatementDescription) => void): void {
    const ended = (): void => {
      this.isAwaited = false;
      this.#wire.answerReceived();
    };
    const described = (description: StatementDescription): void => {
      then(description);
      ended();
    };
    ask(backend, name, described, ended);
    this.isAwaited = true;
    this.#wire.holdBack(backend);
  }

  /**
   * A client's own Parse, of which the client has been told nothing yet, has been sent.
   *
   * @param then called if what others were told no longer holds, with what the name means from now on
   */
  prepared(backend: Backend, statement: Statement, then: (now: Statement) => void): void {
    ask(backend, statement.name, (description) => {
      if (description.shape === statement.description?.shape) return;
      this.#statements.tablesChanged();
      backend.isStale = true;
      const now = this.#statements.use(statement.key, statement.interpretation);
      now.description ??= description;
      then(now);
      this.#statements.release(now);
    });
  }
}

/** Nobody has been told yet, and what is told will hold. */
function mustBeDescribed({ description, readsCursor }: Statement): boolean {
  return description === undefined && !readsCursor;
}

/** Describes the statement behind its Parse; the client does not see the answer. */
function ask(backend: Backend, name: string, then: (description: StatementDescription) => void, undo?: Undo): void {
  if (!backend.expected.push(owed.describe | hidden, undo, new Description(then))) return;
  backend.outbox.push(describe({ kind: 'statement', name }));
}

/** A message that needs a statement with the shape its client was told; a Describe is answered with the parameters first. */
export interface Refused {
  readonly of: 'bind' | 'describe';
  readonly description: StatementDescription | undefined;
}

/** Makes the server fail, so that it rolls back and skips what it would on a direct connection, and tells the client why. */
export function refuse({ expected, outbox }: Backend, { of, description }: Refused): void {
  const before =
    of === 'describe' && description !== undefined ? parameterDescription(description.parameterTypes) : undefined;
  if (expected.push(owed.describe, undefined, new Refusal(before))) outbox.push(unknown);
}
