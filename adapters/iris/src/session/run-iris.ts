import { irisSql, levelsMax, type IrisStep, type IrisText, type ResultColumn } from '@medrex/sql';
import type { PageSize, SqlAnswer, SqlRow, SqlValue } from '@medrex/sql-driver';
import { standardPage } from '../database/page-sizes.ts';
import { outColumns, ruleOf } from '../values/row-writer.ts';
import { sqlValueOf, textOfParameter, type BoundParameter } from '../values/parameter-values.ts';
import type { IrisPlan } from './plan.ts';
import { reportOf, SessionFault } from './session-fault.ts';
import type { TimedConnection } from './timed-connection.ts';

/** The result of the steps of a statement. */
export interface Ran {
  /** The rows of the step that returns the statement's result. */
  readonly answer: Extract<SqlAnswer, { kind: 'rows' }> | undefined;
  readonly changed: number;
}

const missing: BoundParameter = { bytes: null, isBinary: false, type: undefined };

/** Rows read by a step for later steps, as parameters. */
interface Kept {
  readonly rows: readonly (readonly BoundParameter[])[];
  /** The current row, when steps are run for each row. */
  readonly at?: readonly BoundParameter[];
}

const nothingKept: Kept = { rows: [] };

/** The text to run and its parameters. @throws SessionFault */
export function boundText(
  text: IrisText,
  parameters: readonly BoundParameter[],
  kept: Kept = nothingKept,
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  const values = text.parameters.map(({ parameter, use }): SqlValue => {
    if (use === 'keptRows') return { as: 'list', items: kept.rows.map(([id = missing]) => textOfParameter(id) ?? '') };
    if (use === 'column') return sqlValueOf(kept.at?.[parameter - 1] ?? missing, 'value');
    return sqlValueOf(parameters[parameter - 1] ?? missing, use);
  });
  try {
    const sql = irisSql(text, (parameter) => textOfParameter(parameters[parameter - 1] ?? missing) ?? undefined);
    return { sql, values };
  } catch (error) {
    if (error instanceof RangeError) throw new SessionFault('2201W', error.message);
    if (error instanceof SyntaxError) throw new SessionFault('22P02', error.message);
    throw error;
  }
}

/** Runs the steps of a statement in order. With several steps, the caller must have begun a transaction. */
export async function runIris(
  connection: TimedConnection,
  plan: IrisPlan,
  parameters: readonly BoundParameter[],
  page: PageSize,
  saw: (sql: string, values: readonly SqlValue[]) => void = () => undefined,
): Promise<Ran> {
  let answer: Ran['answer'];
  let changed = 0;
  let before = 0;
  let kept = nothingKept;
  let read = 0;
  const runStep = async (step: IrisStep, of: Kept): Promise<void> => {
    if (step.only === 'afterNone' && before > 0) return;
    const { sql, values } = boundText(step, parameters, of);
    saw(sql, values);
    const all = byCursor(plan, await meaning(plan, () => connection.run(sql, values, page, step.isNowait)));
    const came = all.kind === 'rows' && step.only === 'afterChange' && before === 0 ? await withoutRows(all) : all;
    if (came.kind === 'count') {
      if (step.only === 'ofRowsRead') checkRead(came.rows, read);
      before = came.rows;
      changed += came.rows;
    } else if (step.kept !== undefined) {
      kept = { rows: keptRows(step.kept, await wholly(came)) };
      read = kept.rows.length;
    } else if (step.isResult) {
      const isLast =
        step === plan.steps.at(-1) && step.only !== 'ofRowsRead' && step.isForEach !== true && answer === undefined;
      const next = isLast ? came : await wholly(came);
      if (step.only === 'ofRowsRead') checkRead(next.first.rows.length, read);
      answer = answer === undefined ? next : joined(answer, next);
      read = answer.first.rows.length;
    } else {
      if (!came.first.isLast) await came.cursor.close();
      if (step.only === 'ofNoRows' && came.first.rows.length > 0) throw tooManyLevels();
    }
  };
  for (const step of plan.steps) if (step.isForEach !== true) await runStep(step, kept);
  const forEach = plan.steps.filter(({ isForEach }) => isForEach);
  for (const at of forEach.length === 0 ? [] : kept.rows)
    for (const step of forEach) await runStep(step, { ...kept, at });
  return { answer, changed };
}

const tooManyLevels = (): SessionFault =>
  new SessionFault('54001', 'a recursive query goes on for more levels than are written out for IRIS', {
    hint: `They are ${levelsMax} behind the first: let the query say where it ends.`,
  });

/** @throws SessionFault 40001 */
function checkRead(rows: number, read: number): void {
  if (rows !== read) throw new SessionFault('40001', 'others have changed the rows since they were read');
}

/** Rows in PostgreSQL's text format. */
function keptRows(columns: readonly ResultColumn[], answer: RowsAnswer): Kept['rows'] {
  const out = outColumns(columns, answer.columns);
  const rules = out.map(ruleOf);
  return answer.first.rows.map((row) =>
    row.map((cell, place): BoundParameter => {
      const rule = cell === null ? undefined : rules[place];
      const text = cell === null || rule === undefined ? undefined : rule(Buffer.from(cell).toString('utf8'));
      const bytes = text === undefined ? cell : text === null ? null : Buffer.from(text);
      return { bytes, isBinary: false, type: out[place]?.type };
    }),
  );
}

/** Runs a step, and maps its failure to the error that it means in this statement. @throws SessionFault */
async function meaning<T>({ meanings }: IrisPlan, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const { sqlstate, detail } = reportOf(error);
    const meant = meanings.get(sqlstate);
    const message = meant === undefined ? undefined : messages.get(meant);
    if (meant === undefined || message === undefined) throw error;
    throw new SessionFault(meant, message, { ...(detail !== undefined && { detail }) });
  }
}

const messages: ReadonlyMap<string, string> = new Map([
  ['22007', 'a text is no value of the type that it is cast to'],
  ['22P02', 'a text is no value of the type that it is cast to'],
  ['22008', 'a moment is beyond the years of which the clock of its zone is known'],
  ['2201E', 'cannot take the logarithm of zero, or of a negative number'],
  ['2201F', 'cannot take the root of a negative number, nor a power that is no number'],
  ['22003', 'input is out of range'],
]);

/** The same for the later pages of a result. */
function byCursor(plan: IrisPlan, answer: SqlAnswer): SqlAnswer {
  if (answer.kind === 'count' || plan.meanings.size === 0) return answer;
  const { cursor } = answer;
  return {
    ...answer,
    cursor: { next: (page) => meaning(plan, () => cursor.next(page)), close: () => cursor.close() },
  };
}

type RowsAnswer = NonNullable<Ran['answer']>;

/** Reads all rows now, as the next step changes them. @throws SessionFault */
async function wholly(answer: RowsAnswer): Promise<RowsAnswer> {
  const rows = [...answer.first.rows];
  let bytes = bytesOf(rows);
  for (let { isLast } = answer.first; !isLast;) {
    const page = await answer.cursor.next(standardPage);
    rows.push(...page.rows);
    bytes += bytesOf(page.rows);
    isLast = page.isLast;
    if (bytes > readBytesMax) throw new SessionFault('54000', 'more rows than are kept in memory');
  }
  return { ...answer, first: { ...answer.first, rows, isLast: true } };
}

/** Maximum size of rows that are read before they are changed. */
const readBytesMax = 64 * 1024 * 1024;

const bytesOf = (rows: readonly SqlRow[]): number =>
  rows.reduce((sum, row) => sum + row.reduce((size, cell) => size + (cell?.byteLength ?? 0), 0), 0);

/** The columns without the rows, which are not the statement's result. */
async function withoutRows(answer: RowsAnswer): Promise<RowsAnswer> {
  if (!answer.first.isLast) await answer.cursor.close();
  return { ...answer, first: { ...answer.first, rows: [], isLast: true } };
}

/** Concatenates results: RETURNING of several rows is one short result per row. */
function joined(one: RowsAnswer, other: RowsAnswer): RowsAnswer {
  return { ...one, first: { rows: [...one.first.rows, ...other.first.rows], isLast: true } };
}
