import { bodyAt, BodyReader } from '../body-reader.ts';
import { BodyWriter } from '../body-writer.ts';
import { backend } from '../message-types.ts';
import type { WireFault } from '../wire-fault.ts';

export type Severity = 'ERROR' | 'FATAL' | 'PANIC' | 'WARNING' | 'NOTICE' | 'DEBUG' | 'INFO' | 'LOG';

/** The content of an ErrorResponse or NoticeResponse. */
export interface Report {
  readonly severity: Severity;
  readonly sqlstate: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
  /** In characters of the statement, counted from 1. */
  readonly position?: string;
  readonly internalPosition?: string;
  readonly internalQuery?: string;
  readonly where?: string;
  readonly schema?: string;
  readonly table?: string;
  readonly column?: string;
  readonly dataType?: string;
  readonly constraint?: string;
  readonly file?: string;
  readonly line?: string;
  readonly routine?: string;
}

const letterOf = {
  sqlstate: 'C',
  message: 'M',
  detail: 'D',
  hint: 'H',
  position: 'P',
  internalPosition: 'p',
  internalQuery: 'q',
  where: 'W',
  schema: 's',
  table: 't',
  column: 'c',
  dataType: 'd',
  constraint: 'n',
  file: 'F',
  line: 'L',
  routine: 'R',
} as const satisfies Record<Exclude<keyof Report, 'severity'>, string>;

const fields = Object.entries(letterOf) as [keyof typeof letterOf, string][];
const fieldOf = new Map<string, keyof Report>(fields.map(([name, letter]) => [letter, name] as const));

function report(type: number, given: Report): Buffer {
  const writer = new BodyWriter(256).begin(type);
  // S may be localized and V never is; here both are English.
  writer.cString(`S${given.severity}`).cString(`V${given.severity}`);
  for (const [name, letter] of fields) {
    const value = given[name];
    if (value !== undefined) writer.cString(letter + value);
  }
  return writer.byte(0).end().take();
}

export const errorResponse = (given: Report): Buffer => report(backend.errorResponse, given);
export const noticeResponse = (given: Report): Buffer => report(backend.noticeResponse, given);

/** The FATAL error that a peer gets before its connection is closed. */
export const fatal = (fault: WireFault, more: { detail?: string; hint?: string } = {}): Buffer =>
  errorResponse({ severity: 'FATAL', ...fault, ...more });

/** Unknown fields are ignored, as the protocol requires. */
export function readReport(buffer: Buffer, start: number, end: number): Report | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  const found: Partial<Record<keyof Report, string>> = {};
  let severity = '';
  for (let letter = reader.byte(); letter !== 0; letter = reader.byte()) {
    const value = reader.cString();
    if (letter === 0x56 || (letter === 0x53 && severity === '')) severity = value;
    const name = fieldOf.get(String.fromCharCode(letter));
    if (name !== undefined) found[name] = value;
  }
  if (!reader.isDone) return undefined;
  const { sqlstate = 'XX000', message = '' } = found;
  return { ...found, severity: severity as Severity, sqlstate, message };
}

/** The SQLSTATE of an error, whose end may not have arrived yet. */
export function readSqlstate(buffer: Buffer, start: number, end: number): string | undefined {
  const reader = new BodyReader(buffer, start + bodyAt, end);
  for (;;) {
    const letter = reader.byte();
    const value = reader.cString('latin1');
    if (!reader.isValid) return undefined;
    if (letter === 0x43) return value;
  }
}
