import { setTimeout as delay } from 'node:timers/promises';
import { operationClasses } from '@medrex/contracts';
import { InvalidArgumentError } from 'commander';
import { IngestClient, type Answer } from '../client/ingest-client.ts';
import { interrupted } from '../terminal/interrupted.ts';
import { Progress } from '../terminal/progress.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { checked, letterLine, type DeadLetter, type DlqFlags } from './dlq.ts';

export interface ResendManyFlags extends DlqFlags {
  readonly filter: readonly LetterFilter[];
  readonly dryRun: boolean;
  /** Operations a second. */
  readonly rate: number;
  /** Letters that died after this are skipped, epoch ms. */
  readonly until?: number;
}

/** A condition on letters. */
export interface LetterFilter {
  readonly field: (typeof filterFields)[number];
  readonly value: string;
}

const filterFields = ['code', 'class', 'kind'] as const;
/** Known values of fields; codes are open, as contracts have their own. */
const filterValues: Readonly<Partial<Record<LetterFilter['field'], readonly string[]>>> = {
  class: operationClasses,
  kind: ['operation', 'message'],
};
const pageSize = 1_000;
const triesMax = 20;

/** Parses a filter like `code=EXPIRED` and appends it to the earlier ones. */
export function collectFilters(text: string, before: readonly LetterFilter[] = []): readonly LetterFilter[] {
  const [name, value = ''] = text.split('=', 2);
  const field = filterFields.find((one) => one === name);
  if (field === undefined || value === '')
    throw new InvalidArgumentError(`It must be ${filterFields.map((one) => `${one}=...`).join(' or ')}.`);
  const values = filterValues[field];
  if (values?.includes(value) === false)
    throw new InvalidArgumentError(`${field} must be one of ${values.join(', ')}.`);
  return [...before, { field, value }];
}

/**
 * `medrex dlq resend --filter ...`: resends the matching letters in the order in which they died. The name of a resend is derived from
 * its letter, so after an interruption the same command continues, and letters already resent change nothing. Letters that die during
 * the run are skipped. Returns 0 when all were sent, 1 when some were refused, 130 when it was interrupted.
 */
export async function dlqResendMany(flags: ResendManyFlags): Promise<number> {
  const { until = Date.now(), dryRun, json } = flags;
  const client = new IngestClient(flags.url);
  const letters = await matching(client, flags.filter, until);
  const untilText = new Date(until).toISOString();
  if (dryRun) {
    if (json) console.log(JSON.stringify({ until: untilText, deadLetters: letters }));
    else console.log(dryText(letters));
    return 0;
  }
  console.error(`To continue after an interruption, run the same command with --until ${untilText}`);
  const signal = interrupted();
  const result = await resendAll(client, letters, flags.rate, signal);
  if (json) console.log(JSON.stringify({ until: untilText, ...result }));
  else console.log(resultText(result));
  if (signal.aborted) return 130;
  return result.refused.length === 0 ? 0 : 1;
}

interface ResendResult {
  readonly matching: number;
  readonly sent: number;
  readonly before: number;
  readonly refused: readonly { readonly id: string; readonly detail: string }[];
}

/** The matching letters, oldest first. */
async function matching(
  client: IngestClient,
  filters: readonly LetterFilter[],
  until: number,
): Promise<readonly DeadLetter[]> {
  const found: DeadLetter[] = [];
  for (let olderThan: string | undefined; ;) {
    const from = olderThan === undefined ? '' : `&olderThan=${olderThan}`;
    const answer = checked(await client.send('GET', `/v1/dead-letters?limit=${pageSize}${from}`));
    const { deadLetters } = answer.body as { readonly deadLetters: readonly DeadLetter[] };
    found.push(...deadLetters.filter((letter) => isWanted(letter, filters, until)));
    olderThan = deadLetters.at(-1)?.id;
    if (olderThan === undefined) return found.reverse();
  }
}

function isWanted(letter: DeadLetter, filters: readonly LetterFilter[], until: number): boolean {
  return Date.parse(letter.settledAt ?? '') <= until && filters.every(({ field, value }) => letter[field] === value);
}

async function resendAll(
  client: IngestClient,
  letters: readonly DeadLetter[],
  rate: number,
  signal: AbortSignal,
): Promise<ResendResult> {
  let [sent, before] = [0, 0];
  const refused: { readonly id: string; readonly detail: string }[] = [];
  const progress = new Progress(() => `${sent + before + refused.length} of ${letters.length} dead letters`);
  try {
    for (const { id } of letters) {
      if (signal.aborted) break;
      const dueMs = Date.now() + 1000 / rate;
      const { status, body } = await resend(client, id, signal);
      const isSent = status === 202 || status === 207; // 207: some items of a message may be refused again
      if (isSent) sent += 1;
      else if (status === 200) before += 1;
      else refused.push({ id, detail: detailOf(status, body) });
      if (isSent) await delay(Math.max(0, dueMs - Date.now()), undefined, { signal }).catch(() => undefined);
    }
  } finally {
    progress.done();
  }
  return { matching: letters.length, sent, before, refused };
}

/** Resends a letter, and retries while ingest has no room. */
async function resend(client: IngestClient, id: string, signal: AbortSignal): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await client.send('POST', `/v1/dead-letters/${encodeURIComponent(id)}/resend`);
    const isPassing = answer.status === 429 || answer.status === 503;
    if (!isPassing || signal.aborted) return answer;
    if (tries === triesMax)
      throw new UsageError(detailOf(answer.status, answer.body), 'Run the command again later for the rest.');
    await delay((answer.retryAfterS ?? 1) * 1000, undefined, { signal }).catch(() => undefined);
  }
}

function detailOf(status: number, body: unknown): string {
  return (body as { readonly detail?: string }).detail ?? `ingest answered ${status}`;
}

function dryText(letters: readonly DeadLetter[]): string {
  return [...letters.map(letterLine), `${letters.length} dead letters would be resent.`].join('\n');
}

function resultText({ matching: all, sent, before, refused }: ResendResult): string {
  const left = all - sent - before - refused.length;
  return [
    `${sent} of ${all} dead letters resent${before > 0 ? `; ${before} were resent before` : ''}.`,
    ...refused.map(({ id, detail }) => `  ${id}: ${detail}`),
    ...(left > 0 ? [`  ${left} not sent: stopped.`] : []),
  ].join('\n');
}
