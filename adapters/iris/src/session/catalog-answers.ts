import {
  backend,
  backendSession,
  bind,
  describe,
  execute,
  Framer,
  parse,
  readReport,
  readRowDescription,
  rowDescription,
  sync,
  type Bind,
} from '@medrex/pg-wire';
import type { SessionContext } from './session-context.ts';
import { SessionFault } from './session-fault.ts';

/** The catalogue's answer to a statement. */
export interface CatalogAnswer {
  /** The ParameterDescription and RowDescription or NoData messages. */
  readonly description: Buffer;
  readonly rowDescription: Buffer | undefined;
  readonly rows: readonly Buffer[];
  readonly tag: string;
}

export interface CatalogQuestion {
  readonly text: string;
  readonly parameterTypes: readonly number[];
  /** Undefined: describe only. */
  readonly bound: Pick<Bind, 'parameterFormats' | 'parameters' | 'resultFormats'> | undefined;
}

/** @throws SessionFault the error of the catalogue */
export async function askCatalog(
  context: SessionContext,
  { text, parameterTypes, bound }: CatalogQuestion,
): Promise<CatalogAnswer> {
  const { shared, connection, user, database, settings } = context;
  const latin1 = Buffer.from(inNewWords(text), 'utf8').toString('latin1');
  const messages = [parse({ name: '', text: latin1, parameterTypes }), describe({ kind: 'statement', name: '' })];
  if (bound !== undefined) {
    messages.push(bind({ portal: '', statement: '', ...bound }), describe({ kind: 'portal', name: '' }));
    messages.push(execute({ portal: '', rowsMax: 0 }));
  }
  const asker = { connection, user, database, settings: settings.ofCatalog() };
  return answerOf(await shared.askCatalog(asker, Buffer.concat([...messages, sync()])));
}

/** The description of a statement as that of a portal, which says in which format each column comes. */
export function inFormats(described: Buffer, formats: readonly number[]): Buffer {
  const columns = readRowDescription(described, 0, described.length) ?? [];
  const formatOf = (place: number): number => (formats.length === 1 ? formats[0] : formats[place]) ?? 0;
  return rowDescription(columns.map((column, place) => ({ ...column, format: formatOf(place) })));
}

/** Renamed columns of catalogues: psql up to 16 uses the old names for any server version. */
const newNames: Readonly<Record<string, string>> = { daticulocale: 'datlocale', colliculocale: 'colllocale' };

function inNewWords(text: string): string {
  if (!text.includes('iculocale')) return text;
  return text.replaceAll(/'(?:[^']|'')*'|\b(?:dat|coll)iculocale\b/g, (word) => newNames[word] ?? word);
}

function answerOf(bytes: Buffer): CatalogAnswer {
  const framer = new Framer(backendSession);
  framer.feed(bytes);
  const description: Buffer[] = [];
  const rows: Buffer[] = [];
  let rowDescription: Buffer | undefined;
  let tag = '';
  while (framer.next()) {
    const { type, buffer, start, end } = framer;
    const message = buffer.subarray(start, end);
    if (type === backend.errorResponse) throw refusal(buffer, start, end);
    if (type === backend.parameterDescription) description.push(message);
    if (type === backend.rowDescription || type === backend.noData) {
      if (description.length < 2) description.push(message);
      if (type === backend.rowDescription) rowDescription = message;
    }
    if (type === backend.dataRow) rows.push(message);
    if (type === backend.commandComplete) tag = buffer.toString('latin1', start + 5, end - 1);
  }
  return { description: Buffer.concat(description), rowDescription, rows, tag };
}

function refusal(buffer: Buffer, start: number, end: number): SessionFault {
  const { sqlstate = 'XX000', message = 'the catalog failed', ...more } = readReport(buffer, start, end) ?? {};
  return new SessionFault(sqlstate, message, more);
}
