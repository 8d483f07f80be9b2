import { defaultPath, type Translatable } from '@medrex/sql';
import {
  bindComplete,
  closeComplete,
  emptyQueryResponse,
  errorResponse,
  frontend as from,
  noData,
  parameterDescription,
  parseComplete,
  readBind,
  readExecute,
  readTarget,
  readParse,
  readQuery,
  readyForQuery,
  rowDescription,
  typeOfOid,
  typeOids,
} from '@medrex/pg-wire';
import { textOfParameter, type BoundParameter } from '../values/parameter-values.ts';
import { describedColumns, outColumns } from '../values/row-writer.ts';
import { arrayOids, pgTypeOf, wireTypeOf, wireTypeOfSql } from '../values/wire-types.ts';
import { askCatalog, inFormats } from './catalog-answers.ts';
import { Executor, textColumns, type Execution } from './executor.ts';
import type { Message } from './inbox.ts';
import { plansOf, type IrisPlan, type Plan } from './plan.ts';
import { changeOf, endsTransaction, forgetsAll, touchesIris } from './plan-effects.ts';
import type { Portal, Prepared } from './portal.ts';
import { boundText } from './run-iris.ts';
import type { SessionContext } from './session-context.ts';
import { faultOf, reportOf, SessionFault } from './session-fault.ts';
import { columnsOfSession, parametersOfSession } from './session-statements.ts';
import { SqlCommands } from './sql-commands.ts';

const idleTooLong = 'terminating connection due to idle-in-transaction timeout';
const aborted = 'current transaction is aborted, commands ignored until end of transaction block';

/** A session that speaks PostgreSQL's protocol to its client and runs the statements on IRIS, one message after the other. */
export class IrisSession {
  readonly #context: SessionContext;
  readonly #executor: Executor;
  readonly #statements = new Map<string, Prepared>();
  readonly #portals = new Map<string, Portal>();
  readonly #commands: SqlCommands;
  /** The current SQL text. */
  #asked = '';
  /** After an error in the extended protocol: messages are skipped until Sync. */
  #isSkipping = false;
  /** ReadyForQuery was sent, and no message has arrived since. */
  #isReady = false;

  constructor(context: SessionContext) {
    this.#context = context;
    this.#executor = new Executor(context);
    this.#commands = new SqlCommands({
      context,
      executor: this.#executor,
      statements: this.#statements,
      portals: this.#portals,
      plansOf: (text, types) => this.#plans({ text, types, asked: this.#asked }),
      fitted: (prepared, parameters) => this.#fitted(prepared, parameters),
      admit: (plan) => this.#admit(plan),
    });
    const beforeEnd = async (isCommit: boolean): Promise<void> => {
      if (isCommit) await this.#commands.hold();
      await this.#closePortals();
    };
    context.transaction.beforeEnd = beforeEnd;
  }

  /** Handles messages until the client terminates or is gone. */
  async run(): Promise<void> {
    for (let message = await this.#next(); message !== undefined; message = await this.#next()) {
      if (message.type === from.terminate) return;
      this.#isReady = false;
      await this.#take(message);
    }
  }

  /** The next message; undefined: the client is gone, or was idle in a transaction for too long. */
  async #next(): Promise<Message | undefined> {
    const { inbox, outlet, settings, transaction } = this.#context;
    const isIdle = this.#isReady && transaction.status !== 0x49;
    const timeoutMs = isIdle ? settings.timeoutMs('idle_in_transaction_session_timeout') : 0;
    if (timeoutMs === 0) return inbox.next();
    const end = (): void => {
      outlet.send(errorResponse({ severity: 'FATAL', sqlstate: '25P03', message: idleTooLong }));
      inbox.end();
    };
    const timer = setTimeout(end, timeoutMs);
    try {
      return await inbox.next();
    } finally {
      clearTimeout(timer);
    }
  }

  async #take(message: Message): Promise<void> {
    const { type } = message;
    if (type === from.query) return this.#query(message);
    if (type === from.sync) return this.#sync();
    if (this.#isSkipping || type === from.flush) return;
    try {
      await this.#takeExtended(message);
    } catch (error) {
      await this.#failed(error);
      this.#isSkipping = true;
    }
  }

  async #failed(error: unknown): Promise<void> {
    const { outlet, transaction, settings } = this.#context;
    const wasImplicit = !transaction.isFailed && transaction.status === 0x49;
    try {
      await transaction.failed();
    } catch (again) {
      outlet.send(errorResponse(reportOf(again)));
    }
    if (wasImplicit) settings.end(false);
    await this.#closePortals();
    outlet.send(errorResponse(reportOf(error, this.#asked)));
  }

  #ready(): void {
    const { outlet, transaction } = this.#context;
    outlet.send(readyForQuery(transaction.status));
    this.#isReady = true;
  }

  async #sync(): Promise<void> {
    this.#isSkipping = false;
    await this.#endImplicit();
    this.#ready();
  }

  /** Ends an implicit transaction, and closes the portals that live in it. */
  async #endImplicit(): Promise<void> {
    const { transaction } = this.#context;
    try {
      if (transaction.status === 0x49) await this.#closePortals();
      await transaction.endImplicit();
      await transaction.restore();
    } catch (error) {
      await this.#failed(error);
    }
  }

  /** Closes all portals except cursors WITH HOLD, whose rows are in memory. */
  async #closePortals(): Promise<void> {
    for (const [name, portal] of [...this.#portals]) {
      if (portal.isKept === true) continue;
      this.#portals.delete(name);
      await this.#executor.close(portal).catch(() => undefined); // it fails if it is closed already
    }
  }

  async #run(portal: Portal, execution: Execution): Promise<void> {
    this.#asked = portal.prepared.text;
    await this.#context.timed.within(() => this.#runPlan(portal, execution));
  }

  async #runPlan(portal: Portal, execution: Execution): Promise<void> {
    const { plan } = portal.prepared;
    if (plan?.kind === 'command') return this.#commands.run(plan, portal, execution);
    await this.#executor.execute(portal, execution);
    if (plan === undefined || !forgetsAll(plan)) return;
    this.#statements.clear();
    this.#portals.clear();
  }

  // The simple protocol.

  async #query({ buffer, start, end }: Message): Promise<void> {
    const { outlet, transaction } = this.#context;
    try {
      const text = readQuery(buffer, start, end)?.toString('utf8');
      if (text === undefined) throw new SessionFault('08P01', 'invalid message format');
      this.#asked = text;
      let plans = await this.#freshPlans(text, []);
      if (plans.length === 0) outlet.send(emptyQueryResponse());
      for (let place = 0; ; place++) {
        const plan = plans[place];
        if (plan === undefined) break;
        this.#admit(plan);
        if (plan.kind === 'iris' && plan.unbound !== undefined) throw faultOf(plan.unbound);
        const isAlone = plans.length === 1 || (place === plans.length - 1 && !transaction.isOpen);
        if (!isAlone && touchesIris(plan)) await transaction.beginImplicit();
        const prepared: Prepared = { text, plan, declaredTypes: [] };
        await this.#run({ prepared, parameters: [], resultFormats: [] }, { rowsMax: 0, isDescribed: true });
        // The following statements depend on the changed tables.
        if (plan.kind === 'iris' && plan.isSchema && place + 1 < plans.length)
          plans = await this.#plans({ text, types: [] });
      }
    } catch (error) {
      await this.#failed(error);
    }
    await this.#endImplicit();
    this.#ready();
  }

  /** Plans a text by fresh tables; in a failed transaction without asking IRIS. */
  async #freshPlans(text: string, types: readonly number[]): Promise<readonly Plan[]> {
    const { shared, connection, transaction } = this.#context;
    if (transaction.isFailed) return this.#plans({ text, types });
    await shared.freshTables(connection);
    const plans = await this.#plans({ text, types });
    return (await shared.missedTables(connection)) ? this.#plans({ text, types }) : plans;
  }

  async #plans({ text, types, asked = text, values }: PlanQuestion): Promise<readonly Plan[]> {
    const { shared, settings, translationTimes } = this.#context;
    const begunMs = shared.now();
    const declared = types.map((oid) => pgTypeOf(typeOfOid(oid)));
    const { analysis, translations } = await shared.translate({
      text,
      types: declared,
      path: settings.path ?? defaultPath,
      values,
    });
    translationTimes.add(asked, begunMs, shared.now() - begunMs);
    return plansOf(text, analysis, translations);
  }

  /** Translates a statement again if its translation depends on bound values. @throws SessionFault */
  async #fitted(prepared: Prepared, parameters: readonly BoundParameter[]): Promise<Prepared> {
    const { plan, text, declaredTypes: types } = prepared;
    if (plan?.kind !== 'iris') return prepared;
    const withNull = [...plan.arrayTypes.keys()].filter((number) => hasNull(parameters[number - 1]));
    const wanted = new Set([...plan.constants, ...withNull]);
    if (wanted.size === 0) return prepared;
    const values = new Map([...wanted].map((number) => [number, textOf(parameters[number - 1])]));
    const [fitted] = await this.#plans({ text, types, values });
    this.#admit(fitted);
    return { ...prepared, plan: fitted };
  }

  /** Checks that a statement may run now. @throws SessionFault it may not */
  #admit(plan: Plan | undefined): void {
    // Syntax errors come first, in a failed transaction too.
    if (plan?.kind === 'refused' && plan.fault.sqlstate === '42601') throw faultOf(plan.fault);
    if (this.#context.transaction.isFailed && !endsTransaction(plan)) throw new SessionFault('25P02', aborted);
    if (plan?.kind === 'refused') throw faultOf(plan.fault);
    const change = this.#context.settings.isReadOnly ? changeOf(plan) : undefined;
    if (change !== undefined) throw new SessionFault('25006', `cannot execute ${change} in a read-only transaction`);
  }

  // The extended protocol.

  async #takeExtended(message: Message): Promise<void> {
    switch (message.type) {
      case from.parse:
        return this.#parse(message);
      case from.bind:
        return this.#bind(message);
      case from.describe:
        return this.#describe(message);
      case from.execute:
        return this.#execute(message);
      case from.close:
        return this.#close(message);
      case from.functionCall:
        throw new SessionFault('0A000', 'function calls of the protocol are not for IRIS');
      default: // data of a COPY that has failed
    }
  }

  async #parse({ buffer, start, end }: Message): Promise<void> {
    const parsed = orMalformed(readParse(buffer, start, end));
    const text = Buffer.from(parsed.text, 'latin1').toString('utf8');
    if (parsed.name !== '' && this.#statements.has(parsed.name))
      throw new SessionFault('42P05', `prepared statement "${parsed.name}" already exists`);
    this.#asked = text;
    const plans = await this.#freshPlans(text, parsed.parameterTypes);
    if (plans.length > 1) throw new SessionFault('42601', 'cannot insert multiple commands into a prepared statement');
    const [plan] = plans;
    if (plan !== undefined) this.#admit(plan);
    const untold =
      plan?.kind === 'iris' ? plan.untyped.find(({ number }) => !parsed.parameterTypes[number - 1]) : undefined;
    if (untold !== undefined) throw faultOf(untold.fault);
    this.#statements.set(parsed.name, { text, plan, declaredTypes: parsed.parameterTypes });
    this.#context.outlet.send(parseComplete());
  }

  #prepared(name: string): Prepared {
    const prepared = this.#statements.get(name);
    if (prepared !== undefined) return prepared;
    throw new SessionFault(
      '26000',
      `${name === '' ? 'unnamed prepared statement' : `prepared statement "${name}"`} does not exist`,
    );
  }

  #portal(name: string): Portal {
    const portal = this.#portals.get(name);
    if (portal !== undefined) return portal;
    throw new SessionFault('34000', `portal "${name}" does not exist`);
  }

  async #bind({ buffer, start, end }: Message): Promise<void> {
    const bound = orMalformed(readBind(buffer, start, end));
    const prepared = this.#prepared(bound.statement);
    this.#admit(prepared.plan);
    const expected =
      prepared.plan?.kind === 'iris' ? Math.max(prepared.plan.highest, prepared.declaredTypes.length) : undefined;
    if (expected !== undefined && bound.parameters.length !== expected)
      throw new SessionFault(
        '08P01',
        `bind message supplies ${bound.parameters.length} parameters, but prepared statement "${bound.statement}" requires ${expected}`,
      );
    const before = this.#portals.get(bound.portal);
    if (before !== undefined && bound.portal !== '')
      throw new SessionFault('42P03', `portal "${bound.portal}" already exists`);
    if (before !== undefined) await this.#executor.close(before);
    const types = await this.#parameterTypes(prepared, bound.parameterFormats.includes(1));
    const formatOf = (place: number): number =>
      bound.parameterFormats.length === 1 ? (bound.parameterFormats[0] ?? 0) : (bound.parameterFormats[place] ?? 0);
    const parameters = bound.parameters.map((bytes, place): BoundParameter => {
      // Copied, as the memory of a message is reused once it is handled.
      const own = bytes === null ? null : Buffer.from(bytes);
      return { bytes: own, isBinary: formatOf(place) === 1, type: typeOfOid(types[place] ?? 0) };
    });
    const fitted = await this.#fitted(prepared, parameters);
    this.#portals.set(bound.portal, { prepared: fitted, parameters, resultFormats: bound.resultFormats });
    this.#context.outlet.send(bindComplete());
  }

  /** OIDs of all parameters: declared, inferred, or, if needed, asked of the server. */
  async #parameterTypes({ plan, declaredTypes }: Prepared, isNeeded: boolean): Promise<readonly number[]> {
    if (plan?.kind === 'session') return parametersOfSession(plan, declaredTypes);
    if (plan?.kind !== 'iris') return declaredTypes;
    const count = Math.max(plan.highest, declaredTypes.length);
    const types = Array.from({ length: count }, (_, place) => {
      const [inferred, member] = [plan.parameterTypes.get(place + 1), plan.arrayTypes.get(place + 1)];
      const oid = inferred === undefined ? 0 : typeOids[wireTypeOf(inferred)].oid;
      return declaredTypes[place] || (member === undefined ? oid : (arrayOids[wireTypeOf(member)] ?? oid));
    });
    if (!isNeeded || !types.includes(0)) return types;
    for (const step of plan.steps) {
      const { parameters } = await this.#described(step);
      for (const [place, { parameter }] of step.parameters.entries()) {
        const type = parameters[place];
        if (types[parameter - 1] === 0 && type !== undefined) types[parameter - 1] = typeOids[wireTypeOfSql(type)].oid;
      }
    }
    return types;
  }

  async #described(step: IrisPlan['steps'][number]): ReturnType<SessionContext['shared']['describe']> {
    const { shared, connection } = this.#context;
    return shared.describe(connection, boundText({ ...step, parameters: [] }, []).sql);
  }

  async #describe({ buffer, start, end }: Message): Promise<void> {
    const { kind, name } = orMalformed(readTarget(buffer, start, end));
    const { outlet } = this.#context;
    if (kind === 'portal') {
      const { prepared, resultFormats } = this.#portal(name);
      outlet.send(await this.#rowDescription(prepared, resultFormats));
      return;
    }
    const prepared = this.#prepared(name);
    const { plan, declaredTypes, text } = prepared;
    if (plan?.kind === 'catalog') {
      const answer = await askCatalog(this.#context, { text, parameterTypes: declaredTypes, bound: undefined });
      outlet.send(answer.description);
      return;
    }
    this.#asked = text;
    const types = await this.#parameterTypes(prepared, true);
    outlet.send(parameterDescription(types.map((oid) => (oid === 0 ? typeOids.text.oid : oid))));
    outlet.send(await this.#rowDescription(prepared, []));
  }

  async #rowDescription({ plan, text, declaredTypes }: Prepared, formats: readonly number[]): Promise<Buffer> {
    this.#asked = text;
    switch (plan?.kind) {
      case 'session': {
        const names = columnsOfSession(plan);
        return names === undefined ? noData() : textColumns(names);
      }
      case 'answer':
        return textColumns([plan.column]);
      case 'catalog': {
        const { rowDescription: rows } = await askCatalog(this.#context, {
          text,
          parameterTypes: declaredTypes,
          bound: undefined,
        });
        return rows === undefined ? noData() : inFormats(rows, formats);
      }
      case 'command': {
        const told = this.#commands.describedBy(plan.command, formats);
        return 'prepared' in told ? this.#rowDescription(told.prepared, formats) : (told.rows ?? noData());
      }
      case 'iris':
        return this.#irisDescription(plan, formats);
      default:
        return noData();
    }
  }

  async #irisDescription(plan: IrisPlan, formats: readonly number[]): Promise<Buffer> {
    const step = plan.steps.find(({ isResult }) => isResult);
    if (step === undefined) return noData();
    if (plan.columns?.every(({ type }) => type !== undefined) === true)
      return rowDescription(describedColumns(outColumns(plan.columns, undefined), formats));
    const { columns } = await this.#described(step);
    return columns === undefined
      ? noData()
      : rowDescription(describedColumns(outColumns(plan.columns, columns), formats));
  }

  async #execute({ buffer, start, end }: Message): Promise<void> {
    const { portal: name, rowsMax } = orMalformed(readExecute(buffer, start, end));
    const portal = this.#portal(name);
    const { plan } = portal.prepared;
    if (plan === undefined) return this.#context.outlet.send(emptyQueryResponse());
    this.#admit(plan);
    // A single statement before Sync needs no transaction: IRIS runs it as one.
    if (this.#context.inbox.following !== from.sync && touchesIris(plan))
      await this.#context.transaction.beginImplicit();
    await this.#run(portal, { rowsMax: Math.max(0, rowsMax), isDescribed: false });
  }

  async #close({ buffer, start, end }: Message): Promise<void> {
    const { kind, name } = orMalformed(readTarget(buffer, start, end));
    const portal = kind === 'portal' ? this.#portals.get(name) : undefined;
    if (portal !== undefined) {
      this.#portals.delete(name);
      await this.#executor.close(portal);
    }
    if (kind === 'statement') this.#statements.delete(name);
    this.#context.outlet.send(closeComplete());
  }
}

/** The input of planning. */
interface PlanQuestion {
  readonly text: string;
  /** OIDs of parameters declared by the client. */
  readonly types: readonly number[];
  /** The text of the client, if it differs. */
  readonly asked?: string;
  readonly values?: Translatable['values'];
}

/** Whether an array contains NULL, which IRIS lists cannot. */
const hasNull = (array: BoundParameter | undefined): boolean => /\bnull\b/i.test(textOf(array) ?? '');

const textOf = (parameter: BoundParameter | undefined): string | null =>
  parameter === undefined ? null : textOfParameter(parameter);

function orMalformed<T>(read: T | undefined): T {
  if (read === undefined) throw new SessionFault('08P01', 'invalid message format');
  return read;
}
