import { irisSql, type IrisText } from '@medrex/sql';
import type { PageSize, SqlAnswer, SqlConnection, SqlRow, SqlValue } from '@medrex/sql-driver';
import { standardPage } from '../database/page-sizes.ts';
import { sqlValueOf, textOfParameter, type BoundParameter } from '../values/parameter-values.ts';
import type { IrisPlan } from './plan.ts';
import { reportOf, SessionFault } from './session-fault.ts';

/** What the steps of one statement came to. */
export interface Ran {
  /** Of the step whose rows are those of the statement. */
  readonly answer: Extract<SqlAnswer, { kind: 'rows' }> | undefined;
  readonly changed: number;
}

const missing: BoundParameter = { bytes: null, isBinary: false, type: undefined };

/** The text to run and what to bind to it. @throws SessionFault */
export function boundText(
  text: IrisText,
  parameters: readonly BoundParameter[],
): { readonly sql: string; readonly values: readonly SqlValue[] } {
  const values = text.parameters.map(({ parameter, use }) => sqlValueOf(parameters[parameter - 1] ?? missing, use));
  try {
    const sql = irisSql(text, (parameter) => textOfParameter(parameters[parameter - 1] ?? missing) ?? undefined);
    return { sql, values };
  } catch (error) {
    if (error instanceof RangeError) throw new SessionFault('2201W', error.message);
    throw error;
  }
}

/** Runs the steps of a statement in their order. The caller has seen to a transaction where there are several. */
export async function runIris(
  connection: SqlConnection,
  plan: IrisPlan,
  parameters: readonly BoundParameter[],
  page: PageSize,
  saw: (sql: string, values: readonly SqlValue[]) => void = () => undefined,
): Promise<Ran> {
  let answer: Ran['answer'];
  let changed = 0;
  let before = 0;
  for (const step of plan.steps) {
    if (step.only === 'afterNone' && before > 0) continue;
    const { sql, values } = boundText(step, parameters);
    saw(sql, values);
    const all = byCursor(plan, await meaning(plan, () => connection.run(sql, values, page)));
    const came = all.kind === 'rows' && step.only === 'afterChange' && before === 0 ? await withoutRows(all) : all;
    if (came.kind === 'count') {
      if (step.only === 'ofRowsRead' && came.rows !== answer?.first.rows.length)
        throw new SessionFault('40001', 'others have changed the rows between their reading and their deletion');
      before = came.rows;
      changed += came.rows;
    } else if (step.isResult && answer === undefined) answer = step === plan.steps.at(-1) ? came : await wholly(came);
    else if (step.isResult && answer !== undefined) answer = { ...answer, first: joined(answer, came) };
    else if (!came.first.isLast) await came.cursor.close();
  }
  return { answer, changed };
}

/** A division by zero as what it stands for in this statement. @throws SessionFault */
async function meaning<T>({ divisionState }: IrisPlan, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (divisionState === undefined || reportOf(error).sqlstate !== '22012') throw error;
    const { detail } = reportOf(error);
    const message =
      divisionState === '22008'
        ? 'a moment is beyond the years of which the clock of its zone is known'
        : 'a text is no value of the type that it is cast to';
    throw new SessionFault(divisionState, message, {
      ...(detail !== undefined && { detail }),
    });
  }
}

/** The same of rows that are read later. */
function byCursor(plan: IrisPlan, answer: SqlAnswer): SqlAnswer {
  if (answer.kind === 'count' || plan.divisionState === undefined) return answer;
  const { cursor } = answer;
  return {
    ...answer,
    cursor: { next: (page) => meaning(plan, () => cursor.next(page)), close: () => cursor.close() },
  };
}

type RowsAnswer = NonNullable<Ran['answer']>;

/** What is changed next may not be read any more. @throws SessionFault */
async function wholly(answer: RowsAnswer): Promise<RowsAnswer> {
  const rows = [...answer.first.rows];
  let bytes = bytesOf(rows);
  for (let { isLast } = answer.first; !isLast;) {
    const page = await answer.cursor.next(standardPage);
    rows.push(...page.rows);
    bytes += bytesOf(page.rows);
    isLast = page.isLast;
    if (bytes > readBytesMax) throw new SessionFault('54000', 'RETURNING of more rows than are kept in memory');
  }
  return { ...answer, first: { ...answer.first, rows, isLast: true } };
}

/** Of rows that are read before they are deleted. */
const readBytesMax = 64 * 1024 * 1024;

const bytesOf = (rows: readonly SqlRow[]): number =>
  rows.reduce((sum, row) => sum + row.reduce((size, cell) => size + (cell?.byteLength ?? 0), 0), 0);

/** The columns alone: the rows are not those of the statement. */
async function withoutRows(answer: RowsAnswer): Promise<RowsAnswer> {
  if (!answer.first.isLast) await answer.cursor.close();
  return { ...answer, first: { ...answer.first, rows: [], isLast: true } };
}

/** RETURNING of several rows comes as an answer for each of them; they are short. */
function joined(
  one: NonNullable<Ran['answer']>,
  other: NonNullable<Ran['answer']>,
): NonNullable<Ran['answer']>['first'] {
  return { rows: [...one.first.rows, ...other.first.rows], isLast: one.first.isLast && other.first.isLast };
}
