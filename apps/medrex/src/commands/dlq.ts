import { IngestClient, type Answer } from '../client/ingest-client.ts';
import { UsageError } from '../terminal/usage-error.ts';

export interface DlqFlags {
  readonly url: string;
  readonly json: boolean;
}

/** What ingest says of an operation that ended dead, or of a message that was refused. */
export interface DeadLetter {
  readonly id: string;
  readonly kind?: 'operation' | 'message';
  readonly code: string;
  /** Of an operation only. */
  readonly transactionId?: string;
  /** Of a message only: where it stands. */
  readonly intake?: { readonly topic: string; readonly partition: number; readonly offset: number };
  readonly message?: string;
  readonly settledAt?: string;
  readonly class?: string;
  readonly bytes?: number;
}

/** `medrex dlq list`: the newest dead operations and refused messages. */
export async function dlqList(flags: DlqFlags & { readonly limit: number }): Promise<number> {
  const answer = await new IngestClient(flags.url).send('GET', `/v1/dead-letters?limit=${flags.limit}`);
  const letters = (checked(answer).body as { readonly deadLetters: readonly DeadLetter[] }).deadLetters;
  if (flags.json) console.log(JSON.stringify({ deadLetters: letters }));
  else if (letters.length === 0) console.log('There are no dead letters.');
  else for (const letter of letters) console.log(letterLine(letter));
  return 0;
}

/** Id, when, what of, and why. */
export function letterLine({ id, code, settledAt = '', intake }: DeadLetter): string {
  const what = intake === undefined ? 'operation' : `${intake.topic}/${intake.partition}/${intake.offset}`;
  return `${id}  ${settledAt.padEnd(24)}  ${what}  ${code}`;
}

/** `medrex dlq show ID`: why it is dead, and what it touched; never its body. */
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
 * `medrex dlq resend ID`: of an operation, the same at the end of the order, under a new id that names the earlier one; of a
 * message, the message as it came.
 */
export async function dlqResend(id: string, flags: DlqFlags): Promise<number> {
  const answer = await new IngestClient(flags.url).send('POST', `/v1/dead-letters/${encodeURIComponent(id)}/resend`);
  const receipt = checked(answer, id).body as { readonly transactionId?: string; readonly statusUrl?: string };
  const { transactionId, statusUrl = '' } = receipt;
  const how =
    transactionId === undefined
      ? `Sent again; ${statusUrl} says how its operations end.`
      : `Sent again as ${transactionId}; medrex tx ${transactionId} says how it ends.`;
  console.log(flags.json ? JSON.stringify(receipt) : how);
  return 0;
}

/** @throws UsageError with what ingest says, when it refuses */
export function checked(answer: Answer, id?: string): Answer {
  if (answer.status < 400) return answer;
  const problem = answer.body as { readonly detail?: string; readonly remedy?: string };
  if (answer.status === 404 && id !== undefined)
    throw new UsageError(`there is no dead letter ${id}`, 'medrex dlq list shows those that are kept.');
  throw new UsageError(problem.detail ?? `ingest answered ${answer.status}`, problem.remedy);
}
