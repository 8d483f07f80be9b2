import { readFile } from 'node:fs/promises';
import { clinicalRegistry, keyTemplates } from '@medrex/clinical';
import {
  accessModes,
  lintReadWriteSets,
  lintTemplates,
  type KeyTemplate,
  type LintFinding,
  type RecordedReadWriteSet,
} from '@medrex/keys';
import { z } from 'zod';
import { UsageError } from '../terminal/usage-error.ts';

export interface KeysLintFlags {
  /** A JSON file of key templates; those of the clinical contract by default. */
  readonly templates?: string;
  /** A file of recorded read-write sets, one JSON object per line. */
  readonly recorded?: string;
  readonly json: boolean;
}

/** `medrex keys lint`: anti-patterns in key templates and hot keys in recorded read-write sets. Returns 1 when something was found. */
export async function keysLint(flags: KeysLintFlags): Promise<number> {
  const templates =
    flags.templates === undefined ? keyTemplates(clinicalRegistry) : await readTemplates(flags.templates);
  const findings: readonly LintFinding[] = lintTemplates(templates);
  const hot = flags.recorded === undefined ? [] : lintReadWriteSets(await readSets(flags.recorded));
  if (flags.json) console.log(JSON.stringify({ findings, hotKeys: hot }));
  else
    console.log(
      [
        ...[...findings, ...hot].map(findingText),
        `${templates.length} templates checked: ${findings.length + hot.length} finding(s).`,
      ].join('\n'),
    );
  return findings.length + hot.length > 0 ? 1 : 0;
}

function findingText({ severity, rule, operation, key, message, fix }: LintFinding): string {
  const where = operation === undefined ? key : `${operation}  ${key}`;
  return `${severity}  ${rule}  ${where}\n  ${message}\n  fix: ${fix}`;
}

const templateList = z.array(
  z.object({
    operation: z.string(),
    version: z.number(),
    keys: z.array(
      z.object({ pattern: z.string(), mode: z.enum(accessModes), discovered: z.boolean().exactOptional() }),
    ),
  }),
) satisfies z.ZodType<readonly KeyTemplate[]>;

const keyList = z.array(z.object({ key: z.string() }));
const readWriteSet = z.object({
  reads: keyList,
  writes: keyList,
  ranges: z.array(z.object({ start: z.string(), end: z.string() })).exactOptional(),
}) satisfies z.ZodType<RecordedReadWriteSet>;

async function readTemplates(path: string): Promise<readonly KeyTemplate[]> {
  const parsed = templateList.safeParse(await readJson(path));
  if (parsed.success) return parsed.data;
  throw new UsageError(
    `${path} is not a list of key templates: ${firstIssue(parsed.error)}`,
    `Each must be { operation, version, keys: [{ pattern, mode }] } with a mode of ${accessModes.join(', ')}.`,
  );
}

async function readSets(path: string): Promise<readonly RecordedReadWriteSet[]> {
  const text = await readText(path);
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    const parsed = readWriteSet.safeParse(jsonOf(line, `${path}, line ${index + 1}`));
    if (parsed.success) return [parsed.data];
    throw new UsageError(
      `${path}, line ${index + 1} is not a read-write set: ${firstIssue(parsed.error)}`,
      'Each line must be { reads: [{ key }], writes: [{ key }] }, optionally with ranges: [{ start, end }].',
    );
  });
}

async function readJson(path: string): Promise<unknown> {
  return jsonOf(await readText(path), path);
}

function jsonOf(text: string, where: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new UsageError(`${where} is not JSON`);
  }
}

function firstIssue({ issues: [issue] }: z.ZodError): string {
  const at = issue?.path.map(String).join('.') ?? '';
  return `${at === '' ? '' : `${at}: `}${issue?.message ?? ''}`;
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new UsageError(`there is no file ${path} that can be read`);
  }
}
