import { IngestClient, type Answer } from '../client/ingest-client.ts';
import { UsageError } from '../terminal/usage-error.ts';

export interface DlqFlags {
  readonly url: string;
  readonly json: boolean;
}

/** A dead operation or a refused message, as listed by ingest. */
export interface DeadLetter {
  readonly id: string;
  readonly kind?: 'operation' | 'message';
  readonly code: string;
  /** Only for an operation. */
  readonly transactionId?: string;
  /** Only for a message: its position in the intake topic. */
  readonly intake?: { readonly topic: string; readonly partition: number; readonly offset: number };
  readonly message?: string;
  readonly settledAt?: string;
  readonly class?: string;
  readonly bytes?: number;
}

/** `medrex dlq list`: lists the newest dead operations and refused messages. */
export async function dlqList(flags: DlqFlags & { readonly limit: number }): Promise<number> {
  const answer = await new IngestClient(flags.url).send('GET', `/v1/dead-letters?limit=${flags.limit}`);
  const letters = (checked(answer).body as { readonly deadLetters: readonly DeadLetter[] }).deadLetters;
  if (flags.json) console.log(JSON.stringify({ deadLetters: letters }));
  else if (letters.length === 0) console.log('There are no dead letters.');
  else for (const letter of letters) console.log(letterLine(letter));
  return 0;
}

/** A line with id, time, origin and reason. */
export function letterLine({ id, code, settledAt = '', intake }: DeadLetter): string {
  const what = intake === undefined ? 'operation' : `${intake.topic}/${intake.partition}/${intake.offset}`;
  return `${id}  ${settledAt.padEnd(24)}  ${what}  ${code}`;
}

/** `medrex dlq show ID`: shows a letter, never its body. */
export async function dlqShow(id: string, flags: DlqFlags): Promise<number> {
  const answer = await new IngestClient(flags.url).send('GET', `/v1/dead-letters/${encodeURIComponent(id)}`);
  const letter = checked(answer, id).body as Readonly<Record<string, unknown>>;
  if (flags.json) console.log(JSON.stringify(letter));
  else
    for (const [name, value] of Object.entries(letter))
      console.log(`${name.padEnd(16)}${typeof value === 'string' ? value : JSON.stringify(value)}`);
  return 0;
}

/**
 * `medrex dlq resend ID`: resends an operation as a new attempt at the end of the order, with a reference to the dead one, or a refused
 * message unchanged.
 */
export async function dlqResend(id: string, flags: DlqFlags): Promise<number> {
  const answer = await new IngestClient(flags.url).send('POST', `/v1/dead-letters/${encodeURIComponent(id)}/resend`);
  const receipt = checked(answer, id).body as { readonly transactionId?: string; readonly statusUrl?: string };
  const { transactionId, statusUrl = '' } = receipt;
  const how =
    transactionId === undefined
      ? `Resent; see ${statusUrl} for the outcome of its operations.`
      : `Resent as ${transactionId}; run medrex tx ${transactionId} for its outcome.`;
  console.log(flags.json ? JSON.stringify(receipt) : how);
  return 0;
}

/** @throws UsageError with the problem when ingest refused */
export function checked(answer: Answer, id?: string): Answer {
  if (answer.status < 400) return answer;
  const problem = answer.body as { readonly detail?: string; readonly remedy?: string };
  if (answer.status === 404 && id !== undefined)
    throw new UsageError(`there is no dead letter ${id}`, '`medrex dlq list` shows the dead letters.');
  throw new UsageError(problem.detail ?? `ingest answered ${answer.status}`, problem.remedy);
}
