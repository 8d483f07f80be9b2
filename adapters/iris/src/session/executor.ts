import {
  backend,
  commandComplete,
  copyData,
  copyDone,
  copyResponse,
  dataRow,
  noticeResponse,
  parameterStatus,
  portalSuspended,
  rowDescription,
  typeOids,
  type Column,
} from '@medrex/pg-wire';
import type { Hazard, SessionEffect } from '@medrex/sql';
import type { SqlRow } from '@medrex/sql-driver';
import { isolationSql, pageOf, standardPage } from '../database/page-sizes.ts';
import { describedColumns, outColumns, ruleOf, RowWriter, type OutColumn } from '../values/row-writer.ts';
import { wireTypeOf } from '../values/wire-types.ts';
import { askCatalog } from './catalog-answers.ts';
import { behindHead, binaryEnd } from './copy-binary-rows.ts';
import { copyIn } from './copy-in.ts';
import { copyHeader, copyLine } from './copy-line.ts';
import { tagOf, type IrisPlan, type Plan } from './plan.ts';
import { portalRows, type Portal, type PortalRows } from './portal.ts';
import { runIris, type Ran } from './run-iris.ts';
import type { SessionContext } from './session-context.ts';
import { faultOf, SessionFault } from './session-fault.ts';
import { runSession, type SessionAnswer } from './session-statements.ts';
import { VectorPlan } from './vector-plan.ts';
import { controlTransaction, setModes } from './transaction-statements.ts';

/** Options of executing a portal. */
export interface Execution {
  /** Maximum of rows; 0: all. */
  readonly rowsMax: number;
  /** Send a RowDescription first, as in the simple protocol. */
  readonly isDescribed: boolean;
}

/** Maximum size of the rows of a cursor WITH HOLD in memory. */
const heldBytesMax = 64 * 1024 * 1024;

const showsVectorIndex = /^\s*show\s+medrex\.vector_index_used\s*;?\s*$/i;
const isDiscardAll = (effect: SessionEffect): boolean => effect.kind === 'discard' && effect.target === 'all';

const columnOfText = (name: string): Column => ({
  name,
  table: 0,
  attribute: 0,
  type: typeOids.text.oid,
  typeSize: -1,
  typeModifier: -1,
  format: 0,
});

export const textColumns = (names: readonly string[]): Buffer => rowDescription(names.map(columnOfText));

/** Runs the plan of a portal, or resumes it, and sends the results. */
export class Executor {
  readonly #context: SessionContext;
  readonly #vectors = new VectorPlan();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** @throws SessionFault, SqlFailure */
  async execute(portal: Portal, execution: Execution): Promise<void> {
    if (portal.rows !== undefined) return this.#send(portal, execution.rowsMax);
    if (portal.ready !== undefined) return this.#sendReady(portal, execution.rowsMax);
    if (portal.isDone === true) return this.#context.outlet.send(commandComplete('SELECT 0'));
    const { plan } = portal.prepared;
    if (plan !== undefined) await this.#start(plan, portal, execution);
  }

  /** Runs the query of a cursor; FETCH sends its rows. @throws SessionFault, SqlFailure */
  async open(portal: Portal): Promise<void> {
    const { plan } = portal.prepared;
    if (plan?.kind === 'catalog') await this.#askCatalog(plan, portal);
    else if (plan?.kind === 'iris' && plan.steps.some(({ isResult }) => isResult))
      await this.#run(plan, portal, standardPage);
    else if (plan?.kind === 'refused') throw faultOf(plan.fault);
    else throw new SessionFault('0A000', 'a cursor over this statement');
  }

  /** FETCH or MOVE of a cursor. */
  async fetch(
    portal: Portal,
    rowsMax: number,
    { isDescribed, isMove, formats }: { isDescribed: boolean; isMove: boolean; formats: readonly number[] },
  ): Promise<void> {
    const { outlet } = this.#context;
    const description = this.describeRows(portal, formats);
    if (isDescribed && !isMove && description !== undefined) outlet.send(description);
    const sent =
      portal.ready === undefined
        ? await this.#sendRows(portal, rowsMax, { isMove, formats })
        : this.#takeReady(portal, rowsMax, isMove);
    outlet.send(commandComplete(`${isMove ? 'MOVE' : 'FETCH'} ${sent}`));
  }

  /** The RowDescription of an opened portal. */
  describeRows({ ready, rows }: Portal, formats: readonly number[]): Buffer | undefined {
    return rows === undefined ? ready?.description : rowDescription(describedColumns(rows.columns, formats));
  }

  /** Reads the remaining rows into memory, so that they outlive the transaction. @throws SessionFault 54000 they are too large */
  async hold(portal: Portal): Promise<void> {
    if (portal.rows !== undefined) await this.#readWhole(portal.rows);
    portal.isKept = true;
  }

  async #readWhole(rows: PortalRows): Promise<void> {
    const held: SqlRow[] = [];
    for (let bytes = 0; ;) {
      for (const row of rows.waiting.slice(rows.from)) {
        held.push(row);
        bytes += row.reduce((sum, cell) => sum + (cell?.length ?? 0), 8 * row.length);
      }
      if (bytes > heldBytesMax)
        throw new SessionFault(
          '54000',
          `a cursor WITH HOLD has more than ${heldBytesMax / 1024 / 1024} MiB left when its transaction ends`,
          {
            hint: 'Fetch its rows before COMMIT.',
          },
        );
      if (rows.isLast) break;
      const page = await rows.cursor.next(standardPage);
      Object.assign(rows, { waiting: page.rows, from: 0, isLast: page.isLast });
    }
    Object.assign(rows, { waiting: held, from: 0 });
  }

  async close(portal: Portal): Promise<void> {
    const { rows } = portal;
    portal.rows = undefined;
    portal.ready = undefined;
    portal.isDone = true;
    if (rows?.isLast === false) await rows.cursor.close();
    if (portal.inner !== undefined) await this.close(portal.inner);
  }

  async #start(plan: Plan, portal: Portal, execution: Execution): Promise<void> {
    const { outlet, settings } = this.#context;
    switch (plan.kind) {
      case 'refused':
        throw faultOf(plan.fault);
      case 'transaction':
        outlet.send(commandComplete(await controlTransaction(this.#context, plan)));
        break;
      case 'session':
        if (plan.statement.effects.some(isDiscardAll)) await this.#restoreProcess();
        if (plan.modes !== undefined) setModes(this.#context, plan.modes.isReadOnly);
        if (showsVectorIndex.test(plan.text)) {
          const isUsed = await this.#vectors.isIndexUsed(this.#context.connection);
          this.#table({ columns: ['medrex.vector_index_used'], rows: [[isUsed]], tag: 'SHOW' }, execution);
          break;
        }
        this.#table(runSession(this.#context, plan, portal.parameters), execution);
        break;
      case 'answer':
        this.#table({ columns: [plan.column], rows: plan.rows.map((row) => [row]), tag: 'EXPLAIN' }, execution);
        break;
      case 'catalog':
        await this.#askCatalog(plan, portal);
        if (execution.isDescribed && portal.ready?.description !== undefined) outlet.send(portal.ready.description);
        return this.#sendReady(portal, execution.rowsMax);
      case 'command': // the session's own: it knows what is prepared
        throw new SessionFault('0A000', `${plan.statement.command} here`);
      case 'copyIn':
        await this.#copyIn(plan);
        break;
      case 'copyOut':
        await this.#copyOut(plan, portal);
        break;
      case 'iris':
        return this.#iris(plan, portal, execution);
    }
    portal.isDone = true;
    for (const [name, value] of settings.takeChanges()) outlet.send(parameterStatus({ name, value }));
  }

  /** Restores the defaults of the IRIS process, for DISCARD ALL. */
  async #restoreProcess(): Promise<void> {
    const { connection, transaction } = this.#context;
    if (transaction.isOpen) throw new SessionFault('25001', 'DISCARD ALL cannot run inside a transaction block');
    await connection.run(isolationSql, [], standardPage);
  }

  #table({ columns, rows, tag }: SessionAnswer, { isDescribed }: Execution): void {
    const { outlet } = this.#context;
    if (columns !== undefined && isDescribed) outlet.send(textColumns(columns));
    for (const row of rows ?? []) outlet.send(dataRow(row.map((cell) => (cell === null ? null : Buffer.from(cell)))));
    outlet.send(commandComplete(tag));
  }

  async #askCatalog(plan: Extract<Plan, { kind: 'catalog' }>, portal: Portal): Promise<void> {
    const { prepared, parameters, resultFormats } = portal;
    const bound = {
      parameterFormats: parameters.map(({ isBinary }) => (isBinary ? 1 : 0)),
      parameters: parameters.map(({ bytes }) => bytes),
      resultFormats,
    };
    const answer = await askCatalog(this.#context, { text: plan.text, parameterTypes: prepared.declaredTypes, bound });
    const { rowDescription: description, rows, tag } = answer;
    portal.ready = { description, rows, from: 0, tag: (sent) => tag.replace(/\d+$/, String(sent)) };
  }

  #sendReady(portal: Portal, rowsMax: number): void {
    const { ready } = portal;
    if (ready === undefined) return;
    const { outlet } = this.#context;
    const sent = this.#takeReady(portal, rowsMax, false);
    if (rowsMax > 0 && sent === rowsMax) return outlet.send(portalSuspended());
    portal.ready = undefined;
    portal.isDone = true;
    outlet.send(commandComplete(ready.tag(sent)));
  }

  #takeReady({ ready }: Portal, rowsMax: number, isMove: boolean): number {
    if (ready === undefined) return 0;
    const to = rowsMax === 0 ? ready.rows.length : Math.min(ready.rows.length, ready.from + rowsMax);
    const taken = ready.rows.slice(ready.from, to);
    ready.from = to;
    if (!isMove) for (const row of taken) this.#context.outlet.send(row);
    return taken.length;
  }

  async #iris(plan: IrisPlan, portal: Portal, { rowsMax, isDescribed }: Execution): Promise<void> {
    const { outlet } = this.#context;
    const changed = await this.#run(plan, portal, pageOf(rowsMax));
    if (portal.rows === undefined) {
      portal.isDone = true;
      if (plan.columns !== undefined && isDescribed)
        outlet.send(rowDescription(describedColumns(outColumns(plan.columns, undefined), [])));
      return outlet.send(commandComplete(tagOf(plan.command, changed)));
    }
    if (isDescribed) outlet.send(rowDescription(describedColumns(portal.rows.columns, portal.resultFormats)));
    await this.#send(portal, rowsMax);
  }

  /** Runs a plan; rows are left in the portal. Returns the number of changed rows. */
  async #run(plan: IrisPlan, portal: Portal, page: ReturnType<typeof pageOf>): Promise<number> {
    const { connection, shared } = this.#context;
    this.#warn(plan.hazards);
    if (plan.command === 'SET') this.#context.transaction.isTouched = true;
    const { answer, changed } = await this.#allOrNone(plan, portal, page);
    if (plan.isSchema) await shared.schemaChanged(connection);
    if (answer === undefined) return changed;
    const isChange = ['INSERT', 'UPDATE', 'DELETE'].includes(plan.command);
    const command = plan.command === 'SELECT' || isChange || plan.command === 'EXPLAIN' ? plan.command : 'SELECT';
    const columns = outColumns(plan.columns, answer.columns);
    portal.rows = portalRows(answer, columns, (rows) => tagOf(command, isChange ? changed : rows));
    return changed;
  }

  /** Runs the steps of a statement in a transaction. */
  async #allOrNone(plan: IrisPlan, portal: Portal, page: ReturnType<typeof pageOf>): Promise<Ran> {
    const { timed, transaction } = this.#context;
    const isOwn = plan.steps.length > 1 && !transaction.isOpen;
    if (isOwn) await transaction.beginImplicit();
    const ran = await runIris(timed, plan, portal.parameters, page, (sql, values) => this.#vectors.saw(sql, values));
    if (isOwn) await transaction.endImplicit();
    return ran;
  }

  #warn(hazards: readonly Hazard[]): void {
    const { shared, outlet } = this.#context;
    const [first] = hazards;
    if (first === undefined || shared.hazards === 'ignore') return;
    const message = `this version of IRIS may return wrong results: ${first.meaning} (${first.id})`;
    if (shared.hazards === 'refuse')
      throw new SessionFault('0A000', message, { hint: 'upstreams.<name>.iris.hazards allows it.' });
    for (const { id, meaning } of hazards)
      outlet.send(
        noticeResponse({
          severity: 'WARNING',
          sqlstate: '01000',
          message: `this version of IRIS may return wrong results: ${meaning} (${id})`,
        }),
      );
  }

  async #send(portal: Portal, rowsMax: number): Promise<void> {
    const { rows } = portal;
    if (rows === undefined) return;
    const { outlet } = this.#context;
    const sent = await this.#sendRows(portal, rowsMax, { isMove: false, formats: portal.resultFormats });
    if (rowsMax > 0 && sent === rowsMax) return outlet.send(portalSuspended());
    portal.rows = undefined;
    portal.isDone = true;
    outlet.send(commandComplete(rows.tag(sent)));
  }

  /** Sends the rows up to the limit. Returns their number. */
  async #sendRows(
    { rows }: Portal,
    rowsMax: number,
    { isMove, formats }: { isMove: boolean; formats: readonly number[] },
  ): Promise<number> {
    if (rows === undefined) return 0;
    const { outlet, shared } = this.#context;
    const writer = new RowWriter(rows.columns, formats, (schema) => shared.schemas.toPostgres(schema));
    let sent = 0;
    for (;;) {
      const to = rowsMax === 0 ? rows.waiting.length : Math.min(rows.waiting.length, rows.from + rowsMax - sent);
      if (to > rows.from && !isMove) outlet.send(writer.write(rows.waiting, rows.from, to));
      sent += to - rows.from;
      rows.from = to;
      await outlet.drained();
      const isOver = rows.isLast && rows.from === rows.waiting.length;
      if (isOver || (rowsMax > 0 && sent === rowsMax)) return sent;
      const page = await rows.cursor.next(pageOf(rowsMax === 0 ? 0 : rowsMax - sent));
      rows.waiting = page.rows;
      rows.from = 0;
      rows.isLast = page.isLast;
    }
  }

  async #copyIn(plan: Extract<Plan, { kind: 'copyIn' }>): Promise<void> {
    const { transaction, outlet, shared } = this.#context;
    const isOwn = !transaction.isOpen;
    if (isOwn) await transaction.beginImplicit();
    const rows = await copyIn(this.#context, plan, (column) => {
      const type = shared.columnType(plan.relation, column);
      return type === undefined ? undefined : wireTypeOf(type);
    });
    if (isOwn) await transaction.endImplicit();
    outlet.send(commandComplete(tagOf('COPY', rows)));
  }

  async #copyOut({ query, options }: Extract<Plan, { kind: 'copyOut' }>, portal: Portal): Promise<void> {
    const { outlet, timed, shared } = this.#context;
    this.#warn(query.hazards);
    const { answer } = await runIris(timed, query, portal.parameters, standardPage);
    if (answer === undefined) throw new SessionFault('0A000', 'COPY of a statement without rows');
    const columns = outColumns(query.columns, answer.columns);
    const labels = columns.map(({ label }) => label);
    const isBinary = options.format === 'binary';
    outlet.send(copyResponse({ direction: 'out', isBinary, columnFormats: columns.map(() => Number(isBinary)) }));
    const binary = new RowWriter(columns, [1], (schema) => shared.schemas.toPostgres(schema), backend.copyData);
    const lines = (rows: readonly SqlRow[]): Buffer =>
      isBinary
        ? binary.write(rows, 0, rows.length)
        : Buffer.concat(
            rows.map((row) => copyData(Buffer.from(copyLine(row.map(copyText(columns)), labels, options)))),
          );
    if (options.header !== 'none') outlet.send(copyData(Buffer.from(copyHeader(labels, options))));
    let count = 0;
    for (let page = answer.first; ; page = await answer.cursor.next(standardPage)) {
      const first = isBinary && count === 0 ? behindHead : (messages: Buffer): Buffer => messages;
      if (page.rows.length > 0) outlet.send(first(lines(page.rows)));
      count += page.rows.length;
      await outlet.drained();
      if (page.isLast) break;
    }
    if (isBinary) outlet.send(count === 0 ? behindHead(binaryEnd) : binaryEnd);
    outlet.send(copyDone());
    outlet.send(commandComplete(tagOf('COPY', count)));
  }
}

const copyText =
  (columns: readonly OutColumn[]) =>
  (cell: Uint8Array | null, place: number): string | null => {
    if (cell === null) return null;
    const column = columns[place];
    const bytes = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength);
    if (column?.type === 'bytea') return `\\x${bytes.toString('hex')}`;
    const rule = column === undefined ? undefined : ruleOf(column);
    return rule === undefined ? bytes.toString('utf8') : rule(bytes.toString('utf8'));
  };
