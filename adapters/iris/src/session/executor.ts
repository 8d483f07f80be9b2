import {
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
import { isolationSql, pageOf, standardPage } from '../database/page-sizes.ts';
import { describedColumns, outColumns, RowWriter, type OutColumn } from '../values/row-writer.ts';
import { textRule } from '../values/result-text.ts';
import { wireTypeOf } from '../values/wire-types.ts';
import { askCatalog } from './catalog-answers.ts';
import { copyIn } from './copy-in.ts';
import { copyLine } from './copy-rows.ts';
import { tagOf, type IrisPlan, type Plan } from './plan.ts';
import { portalRows, type Portal } from './portal.ts';
import { runIris, type Ran } from './run-iris.ts';
import type { SessionContext } from './session-context.ts';
import { SessionFault } from './session-fault.ts';
import { runSession, type SessionAnswer } from './session-statements.ts';
import { VectorPlan } from './vector-plan.ts';
import { controlTransaction } from './transaction-statements.ts';

/** How a portal is executed. */
export interface Execution {
  /** Zero: all. */
  readonly rowsMax: number;
  /** The simple protocol describes rows as they come. */
  readonly isDescribed: boolean;
}

const showsVectorIndex = /^\s*show\s+medrex\.vector_index_used\s*;?\s*$/i;
const isDiscardAll = (effect: SessionEffect): boolean => effect.kind === 'discard' && effect.target === 'all';

const columnOfText = (name: string): Column => ({
  ...{ name, table: 0, attribute: 0, type: typeOids.text.oid, typeSize: -1, typeModifier: -1, format: 0 },
});

export const textColumns = (names: readonly string[]): Buffer => rowDescription(names.map(columnOfText));

/** Runs the plan of a portal, or goes on with it, and sends what comes of it. */
export class Executor {
  readonly #context: SessionContext;
  readonly #vectors = new VectorPlan();

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /** @throws SessionFault, SqlFailure */
  async execute(portal: Portal, execution: Execution): Promise<void> {
    if (portal.rows !== undefined) return this.#send(portal, execution.rowsMax);
    if (portal.isDone === true) return this.#context.outlet.send(commandComplete('SELECT 0'));
    const { plan } = portal.prepared;
    if (plan !== undefined) await this.#start(plan, portal, execution);
  }

  async close(portal: Portal): Promise<void> {
    const { rows } = portal;
    portal.rows = undefined;
    portal.isDone = true;
    if (rows?.isLast === false) await rows.cursor.close();
  }

  async #start(plan: Plan, portal: Portal, execution: Execution): Promise<void> {
    const { outlet, settings } = this.#context;
    switch (plan.kind) {
      case 'refused':
        throw new SessionFault(plan.fault.sqlstate, plan.fault.message);
      case 'transaction':
        outlet.send(commandComplete(await controlTransaction(this.#context, plan)));
        break;
      case 'session':
        if (plan.statement.effects.some(isDiscardAll))
          await this.#context.connection.run(isolationSql, [], standardPage);
        if (showsVectorIndex.test(plan.text)) {
          const isUsed = await this.#vectors.isIndexUsed(this.#context.connection);
          this.#table({ columns: ['medrex.vector_index_used'], rows: [[isUsed]], tag: 'SHOW' }, execution);
          break;
        }
        this.#table(runSession(this.#context, plan.statement, plan.text, portal.parameters), execution);
        break;
      case 'answer':
        this.#table({ columns: [plan.column], rows: plan.rows.map((row) => [row]), tag: 'EXPLAIN' }, execution);
        break;
      case 'catalog':
        await this.#catalog(plan, portal, execution);
        return;
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

  #table({ columns, rows, tag }: SessionAnswer, { isDescribed }: Execution): void {
    const { outlet } = this.#context;
    if (columns !== undefined && isDescribed) outlet.send(textColumns(columns));
    for (const row of rows ?? []) outlet.send(dataRow(row.map((cell) => Buffer.from(cell))));
    outlet.send(commandComplete(tag));
  }

  async #catalog(plan: Extract<Plan, { kind: 'catalog' }>, portal: Portal, { isDescribed }: Execution): Promise<void> {
    const { outlet } = this.#context;
    const { prepared, parameters, resultFormats } = portal;
    const bound = {
      parameterFormats: parameters.map(({ isBinary }) => (isBinary ? 1 : 0)),
      parameters: parameters.map(({ bytes }) => bytes),
      resultFormats,
    };
    const answer = await askCatalog(this.#context, { text: plan.text, parameterTypes: prepared.declaredTypes, bound });
    if (isDescribed && answer.rowDescription !== undefined) outlet.send(answer.rowDescription);
    for (const row of answer.rows) outlet.send(row);
    outlet.send(commandComplete(answer.tag));
    portal.isDone = true;
  }

  async #iris(plan: IrisPlan, portal: Portal, { rowsMax, isDescribed }: Execution): Promise<void> {
    const { outlet, connection, shared } = this.#context;
    this.#warn(plan.hazards);
    if (plan.command === 'SET') this.#context.transaction.isTouched = true;
    const ran = await this.#allOrNone(plan, portal, pageOf(rowsMax));
    if (plan.isSchema) await shared.schemaChanged(connection);
    const { answer, changed } = ran;
    if (answer === undefined) {
      portal.isDone = true;
      if (plan.columns !== undefined && isDescribed)
        outlet.send(rowDescription(describedColumns(outColumns(plan.columns, undefined), [])));
      return outlet.send(commandComplete(tagOf(plan.command, changed)));
    }
    const columns = outColumns(plan.columns, answer.columns);
    if (isDescribed) outlet.send(rowDescription(describedColumns(columns, portal.resultFormats)));
    const isInsert = plan.command === 'INSERT';
    const command = plan.command === 'SELECT' || isInsert || plan.command === 'EXPLAIN' ? plan.command : 'SELECT';
    portal.rows = portalRows(answer, columns, (rows) => tagOf(command, isInsert ? changed : rows));
    await this.#send(portal, rowsMax);
  }

  /** Several steps are one statement. */
  async #allOrNone(plan: IrisPlan, portal: Portal, page: ReturnType<typeof pageOf>): Promise<Ran> {
    const { connection, transaction } = this.#context;
    const isOwn = plan.steps.length > 1 && !transaction.isOpen;
    if (isOwn) await transaction.beginImplicit();
    const ran = await runIris(connection, plan, portal.parameters, page, (sql, values) =>
      this.#vectors.saw(sql, values),
    );
    if (isOwn) await transaction.endImplicit();
    return ran;
  }

  #warn(hazards: readonly Hazard[]): void {
    const { shared, outlet } = this.#context;
    const [first] = hazards;
    if (first === undefined || shared.hazards === 'ignore') return;
    const message = `this IRIS may answer wrongly: ${first.meaning} (${first.id})`;
    if (shared.hazards === 'refuse')
      throw new SessionFault('0A000', message, { hint: 'upstreams.<name>.iris.hazards allows it.' });
    for (const { id, meaning } of hazards)
      outlet.send(
        noticeResponse({
          severity: 'WARNING',
          sqlstate: '01000',
          message: `this IRIS may answer wrongly: ${meaning} (${id})`,
        }),
      );
  }

  async #send(portal: Portal, rowsMax: number): Promise<void> {
    const { rows } = portal;
    if (rows === undefined) return;
    const { outlet, shared } = this.#context;
    const writer = new RowWriter(rows.columns, portal.resultFormats, (schema) =>
      shared.translator.schemas.toPostgres(schema),
    );
    let sent = 0;
    for (;;) {
      const to = rowsMax === 0 ? rows.waiting.length : Math.min(rows.waiting.length, rows.from + rowsMax - sent);
      if (to > rows.from) outlet.send(writer.write(rows.waiting, rows.from, to));
      sent += to - rows.from;
      rows.from = to;
      await outlet.drained();
      if (rowsMax > 0 && sent === rowsMax) return outlet.send(portalSuspended());
      if (rows.isLast) break;
      const page = await rows.cursor.next(pageOf(rowsMax === 0 ? 0 : rowsMax - sent));
      rows.waiting = page.rows;
      rows.from = 0;
      rows.isLast = page.isLast;
    }
    portal.rows = undefined;
    portal.isDone = true;
    outlet.send(commandComplete(rows.tag(sent)));
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
    const { outlet, connection } = this.#context;
    this.#warn(query.hazards);
    const { answer } = await runIris(connection, query, portal.parameters, standardPage);
    if (answer === undefined) throw new SessionFault('0A000', 'COPY of a statement without rows');
    const columns = outColumns(query.columns, answer.columns);
    const labels = columns.map(({ label }) => label);
    outlet.send(copyResponse({ direction: 'out', isBinary: false, columnFormats: columns.map(() => 0) }));
    if (options.hasHeader) outlet.send(copyData(Buffer.from(copyLine(labels, [], options))));
    let count = 0;
    for (let page = answer.first; ; page = await answer.cursor.next(standardPage)) {
      const lines = page.rows.map((row) =>
        copyData(Buffer.from(copyLine(row.map(copyText(columns)), labels, options))),
      );
      if (lines.length > 0) outlet.send(Buffer.concat(lines));
      count += page.rows.length;
      await outlet.drained();
      if (page.isLast) break;
    }
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
    const rule = column === undefined ? undefined : textRule(column.type, column.pgType);
    return rule === undefined ? bytes.toString('utf8') : rule(bytes.toString('utf8'));
  };
