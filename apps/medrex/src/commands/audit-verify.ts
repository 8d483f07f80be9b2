import { readFileSync } from 'node:fs';
import type { Verified } from '@medrex/pg-proxy';
import { UsageError } from '../terminal/usage-error.ts';

export interface AuditVerifyFlags {
  readonly keyFile?: string;
  /** The first segment that is here. */
  readonly from?: number;
  readonly json: boolean;
}

/** `medrex audit verify`: whether audit logs are as they were written. Returns 1 when one is not. */
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

function textOf(name: string, { faults, entries, segments, dropped, torn }: Verified, isSealed: boolean): string {
  const lines = faults.map(({ file, line, what }) => `${file}${line === 0 ? '' : `, line ${line}`}: ${what}`);
  const whole = isSealed
    ? 'whole, and sealed with the key'
    : 'whole (whether the end was moved together with its head, only a key tells)';
  const verdict = faults.length === 0 ? whole : 'NOT as it was written';
  lines.push(`${name}: ${verdict}; ${many(entries, 'entry', 'entries')} in ${many(segments, 'segment', 'segments')}.`);
  if (dropped > 0)
    lines.push(
      `${many(dropped, 'statement is', 'statements are')} missing; the disk was full, as the log says itself.`,
    );
  if (torn > 0) lines.push(`${many(torn, 'line was', 'lines were')} torn when the process ended; that is no fault.`);
  return lines.join('\n');
}

const many = (count: number, one: string, more: string): string => `${count} ${count === 1 ? one : more}`;
