import { IngestClient } from '../client/ingest-client.ts';
import { UsageError } from '../terminal/usage-error.ts';

/** `medrex tx ID`: shows the status of one operation. Returns the exit code: 0 applied or pending, 1 rejected or dead. */
export async function tx(id: string, flags: { readonly url: string; readonly json: boolean }): Promise<number> {
  if (!/^[0-9a-f]{32}$/.test(id))
    throw new UsageError(
      `"${id}" is not a transaction id`,
      'It has 32 hexadecimal digits; receipts contain it as transactionId.',
    );
  const status = await new IngestClient(flags.url).status(id);
  if (status === undefined) {
    throw new UsageError(
      `ingest at ${flags.url} does not know transaction ${id}`,
      'It was never accepted there, or is older than the dedupe window.',
    );
  }
  console.log(flags.json ? JSON.stringify(status) : historyText(status));
  return status.state === 'rejected' || status.state === 'dead' ? 1 : 0;
}

function historyText(status: Readonly<Record<string, unknown>>): string {
  const text = (name: string) => {
    const value = status[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : undefined;
  };
  const fabric = status['fabric'] as
    { readonly transactionId: string; readonly block: number; readonly position: number } | undefined;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ['accepted', text('acceptedAt')],
    ['place in the order', text('seq')],
    ['digest of the body', text('digest')],
    ['state', text('state')],
    ['code', text('code')],
    ['message', text('message')],
    ['what to do', text('remedy')],
    ['author', text('author')],
    ['settled', text('settledAt')],
    ['took', took(text('acceptedAt'), text('settledAt'))],
    ['Fabric transaction', fabric?.transactionId],
    ['block, position', fabric === undefined ? undefined : `${fabric.block}, ${fabric.position}`],
    [
      'undeclared keys',
      status['hasUndeclaredKeys'] === true ? 'yes: order on them holds only from their discovery on' : undefined,
    ],
    ['answer', status['detail'] === undefined ? undefined : JSON.stringify(status['detail'])],
  ];
  return rows.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(26)}${value}`])).join('\n');
}

function took(from: string | undefined, to: string | undefined): string | undefined {
  return from === undefined || to === undefined ? undefined : `${Date.parse(to) - Date.parse(from)} ms`;
}
