import { commandComplete, typeOfOid, typeOids } from '@medrex/pg-wire';
import type { SqlCommand } from '@medrex/sql';
import type { BoundParameter } from '../values/parameter-values.ts';
import type { Execution, Executor } from './executor.ts';
import type { Plan } from './plan.ts';
import type { Portal, Prepared } from './portal.ts';
import type { SessionContext } from './session-context.ts';
import { SessionFault } from './session-fault.ts';

type CommandPlan = Extract<Plan, { kind: 'command' }>;
type Command<Kind extends SqlCommand['kind']> = Extract<SqlCommand, { kind: Kind }>;

export interface SqlCommandsOptions {
  readonly context: SessionContext;
  readonly executor: Executor;
  /** Prepared statements by name, shared by SQL and the extended protocol, as in PostgreSQL. */
  readonly statements: Map<string, Prepared>;
  readonly portals: Map<string, Portal>;
  readonly plansOf: (text: string, types: readonly number[]) => Promise<readonly Plan[]>;
  /** Translates a statement again if its translation depends on bound values. @throws SessionFault */
  readonly fitted: (prepared: Prepared, parameters: readonly BoundParameter[]) => Promise<Prepared>;
  /** @throws SessionFault the statement may not run now */
  readonly admit: (plan: Plan | undefined) => void;
}

/** Runs PREPARE, EXECUTE, DEALLOCATE, DECLARE, FETCH, MOVE and CLOSE, the SQL counterparts of extended protocol messages. */
export class SqlCommands {
  readonly #options: SqlCommandsOptions;

  constructor(options: SqlCommandsOptions) {
    this.#options = options;
  }

  /** @throws SessionFault, SqlFailure */
  async run({ command, statement }: CommandPlan, portal: Portal, execution: Execution): Promise<void> {
    const { context, executor, statements } = this.#options;
    switch (command.kind) {
      case 'prepare':
        await this.#prepare(command);
        break;
      case 'execute':
        portal.inner ??= await this.#executed(command, portal.resultFormats);
        return executor.execute(portal.inner, execution);
      case 'deallocate':
        if (command.name === undefined) statements.clear();
        else if (!statements.delete(command.name)) throw missing(command.name);
        break;
      case 'declare':
        await this.#declare(command, portal);
        break;
      case 'fetch': {
        const { rowsMax, isMove } = command;
        const { isDescribed } = execution;
        const formats = portal.resultFormats;
        return executor.fetch(this.#cursor(command.name), rowsMax, { isDescribed, isMove, formats });
      }
      case 'closeCursor':
        await this.#close(command.name);
    }
    portal.isDone = true;
    context.outlet.send(commandComplete(statement.command));
  }

  /** What describes the rows of a command: the statement of an EXECUTE, or the RowDescription of a FETCH. */
  describedBy(
    command: SqlCommand,
    formats: readonly number[],
  ): { readonly prepared: Prepared } | { readonly rows: Buffer | undefined } {
    const { executor } = this.#options;
    if (command.kind === 'execute') return { prepared: this.#prepared(command.name) };
    const isFetch = command.kind === 'fetch' && !command.isMove;
    return { rows: isFetch ? executor.describeRows(this.#cursor(command.name), formats) : undefined };
  }

  /** Reads cursors WITH HOLD into memory at the end of their transaction. @throws SessionFault, SqlFailure */
  async hold(): Promise<void> {
    for (const portal of this.#options.portals.values())
      if (portal.cursor?.isHeld === true) await this.#options.executor.hold(portal);
  }

  async #prepare({ name, types, inner }: Command<'prepare'>): Promise<void> {
    const { statements, plansOf } = this.#options;
    if (statements.has(name)) throw new SessionFault('42P05', `prepared statement "${name}" already exists`);
    const declaredTypes = types.map((type) => (type === 'vector' ? 0 : typeOids[type].oid));
    const plan = this.#admitted(await plansOf(inner, declaredTypes));
    statements.set(name, { text: inner, plan, declaredTypes });
  }

  #admitted([plan]: readonly Plan[]): Plan | undefined {
    this.#options.admit(plan);
    return plan;
  }

  #prepared(name: string): Prepared {
    const prepared = this.#options.statements.get(name);
    if (prepared !== undefined && name !== '') return prepared;
    throw missing(name);
  }

  async #executed({ name, values }: Command<'execute'>, resultFormats: readonly number[]): Promise<Portal> {
    const prepared = this.#prepared(name);
    this.#options.admit(prepared.plan);
    const { plan, declaredTypes } = prepared;
    const learnt = plan?.kind === 'iris' ? plan.parameterTypes : undefined;
    const expected = Math.max(declaredTypes.length, plan?.kind === 'iris' ? plan.highest : 0);
    if (plan?.kind === 'iris' && values.length !== expected)
      throw new SessionFault('42601', `wrong number of parameters for prepared statement "${name}"`, {
        detail: `Expected ${expected} parameters but got ${values.length}.`,
      });
    const parameters = values.map((value, place): BoundParameter => {
      const told = learnt?.get(place + 1);
      const type = typeOfOid(
        declaredTypes[place] || (told === undefined || told === 'vector' ? 0 : typeOids[told].oid),
      );
      return { bytes: value === null ? null : Buffer.from(value, 'utf8'), isBinary: false, type };
    });
    return { prepared: await this.#options.fitted(prepared, parameters), parameters, resultFormats };
  }

  async #declare({ name, isHeld, inner }: Command<'declare'>, { parameters }: Portal): Promise<void> {
    const { context, portals, plansOf, fitted, executor } = this.#options;
    const { transaction } = context;
    if (!isHeld) transaction.expectBlock('DECLARE CURSOR');
    if (portals.has(name)) throw new SessionFault('42P03', `cursor "${name}" already exists`);
    const declared = { text: inner, plan: this.#admitted(await plansOf(inner, [])), declaredTypes: [] };
    const prepared = await fitted(declared, parameters);
    const portal: Portal = { prepared, parameters, resultFormats: [], cursor: { isHeld } };
    await executor.open(portal);
    // Without a transaction block, the cursor must be read before its own transaction ends.
    if (isHeld && !transaction.isOpen) await executor.hold(portal);
    portals.set(name, portal);
  }

  #cursor(name: string): Portal {
    const portal = this.#options.portals.get(name);
    if (portal !== undefined && name !== '') return portal;
    throw new SessionFault('34000', `cursor "${name}" does not exist`);
  }

  async #close(name: string | undefined): Promise<void> {
    const { portals, executor } = this.#options;
    const closed = name === undefined ? [...portals] : [[name, this.#cursor(name)] as const];
    for (const [each, portal] of closed) {
      if (each === '') continue; // the unnamed statement of the extended protocol
      portals.delete(each);
      await executor.close(portal);
    }
  }
}

const missing = (name: string): SessionFault =>
  new SessionFault('26000', `prepared statement "${name}" does not exist`);
