import { readFileSync } from 'node:fs';
import type { AuditReport } from '@medrex/pg-proxy';
import { UsageError } from '../terminal/usage-error.ts';

export interface AuditVerifyFlags {
  readonly keyFile?: string;
  /** Number of the first segment that is present. */
  readonly from?: number;
  readonly json: boolean;
}

/** `medrex audit verify`: verifies that audit logs are unchanged. Returns 1 when one is not. */
export async function auditVerify(
  files: readonly string[],
  { keyFile, from, json }: AuditVerifyFlags,
): Promise<number> {
  const { verifyAudit } = await import('@medrex/pg-proxy');
  const key = keyFile === undefined ? undefined : keyOf(keyFile);
  let isWhole = true;
  for (const file of files) {
    const name = file.replace(/\.(?:\d{6,}|head)$/, '');
    const verified = await verifyAudit(name, { key, from });
    isWhole &&= verified.faults.length === 0;
    console.log(json ? JSON.stringify({ file: name, ...verified }) : textOf(name, verified, key !== undefined));
  }
  return isWhole ? 0 : 1;
}

function keyOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UsageError(`the key cannot be read: ${(error as Error).message}`);
  }
}

function textOf(name: string, { faults, entries, segments, dropped, torn }: AuditReport, isSealed: boolean): string {
  const lines = faults.map(({ file, line, problem }) => `${file}${line === 0 ? '' : `, line ${line}`}: ${problem}`);
  const whole = isSealed
    ? 'intact, and sealed with the key'
    : 'intact (without a key, a cut-off end whose head was moved too cannot be detected)';
  const verdict = faults.length === 0 ? whole : 'CHANGED since it was written';
  lines.push(`${name}: ${verdict}; ${many(entries, 'entry', 'entries')} in ${many(segments, 'segment', 'segments')}.`);
  if (dropped > 0)
    lines.push(`${many(dropped, 'statement is', 'statements are')} missing; the log itself reports a full disk.`);
  if (torn > 0)
    lines.push(`${many(torn, 'line was', 'lines were')} incomplete because the process ended; that is not an error.`);
  return lines.join('\n');
}

const many = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;
