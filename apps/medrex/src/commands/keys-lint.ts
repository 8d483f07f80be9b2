import { readFile } from 'node:fs/promises';
import { clinicalRegistry, keyTemplates } from '@medrex/clinical';
import {
  lintReadWriteSets,
  lintTemplates,
  type KeyTemplate,
  type LintFinding,
  type RecordedReadWriteSet,
} from '@medrex/keys';
import { UsageError } from '../terminal/usage-error.ts';

export interface KeysLintFlags {
  /** A JSON file of key templates; the clinical contract's own when absent. */
  readonly templates?: string;
  /** A file of recorded read-write sets, a JSON object a line. */
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
        `${templates.length} templates looked at: ${findings.length + hot.length} finding(s).`,
      ].join('\n'),
    );
  return findings.length + hot.length > 0 ? 1 : 0;
}

function findingText({ severity, rule, operation, key, message, fix }: LintFinding): string {
  const where = operation === undefined ? key : `${operation}  ${key}`;
  return `${severity}  ${rule}  ${where}\n  ${message}\n  fix: ${fix}`;
}

async function readTemplates(path: string): Promise<readonly KeyTemplate[]> {
  const value = await readJson(path);
  if (!Array.isArray(value))
    throw new UsageError(
      `${path} is no list of key templates`,
      'Each is { operation, version, keys: [{ pattern, mode }] }.',
    );
  return value as readonly KeyTemplate[];
}

async function readSets(path: string): Promise<readonly RecordedReadWriteSet[]> {
  const text = await readText(path);
  return text.split('\n').flatMap((line, index) => {
    if (line.trim() === '') return [];
    try {
      return [JSON.parse(line) as RecordedReadWriteSet];
    } catch {
      throw new UsageError(`${path}, line ${index + 1} is not JSON`);
    }
  });
}

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readText(path)) as unknown;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    throw new UsageError(`${path} is not JSON`);
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch {
    throw new UsageError(`there is no file ${path} that can be read`);
  }
}
