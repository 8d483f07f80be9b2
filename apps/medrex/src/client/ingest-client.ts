import { UsageError } from '../terminal/usage-error.ts';

/** The answer of ingest to one line of a batch. */
export interface LineReceipt {
  readonly line: number;
  /** 202 accepted, 200 a repeat, 207 items with different results, otherwise refused. */
  readonly status: number;
  readonly transactionId?: string;
  readonly statusUrl?: string;
  readonly items?: readonly { readonly status: number; readonly transactionId?: string }[];
  readonly problem?: { readonly code: string; readonly detail: string };
}

/** The status of an operation. */
export interface OperationStatusView {
  readonly transactionId: string;
  readonly state: 'pending' | 'applied' | 'rejected' | 'dead';
  readonly code?: string;
  readonly [more: string]: unknown;
}

/** An HTTP answer: status, parsed body and Retry-After. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly retryAfterS: number | undefined;
}

/** A client of ingest's HTTP API, based on fetch. */
export class IngestClient {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url.replace(/\/$/, '');
  }

  /** @throws UsageError when nothing answers at the address */
  async send(
    method: 'GET' | 'POST',
    path: string,
    body?: Uint8Array | string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const response = await this.#fetch(path, {
      method,
      headers,
      ...(body !== undefined && { body: body as NonNullable<RequestInit['body']> }),
    });
    const text = await response.text();
    const retryAfter = response.headers.get('retry-after');
    return {
      status: response.status,
      body: response.headers.get('content-type')?.includes('json') === true ? (JSON.parse(text) as unknown) : text,
      retryAfterS: retryAfter === null ? undefined : Number(retryAfter),
    };
  }

  /** Sends lines as one NDJSON batch. Returns the receipts in the order of the lines, or the answer when the batch was refused as a whole. */
  async sendLines(lines: readonly string[]): Promise<readonly LineReceipt[] | Answer> {
    const answer = await this.send('POST', '/v1/batches', lines.join('\n'), { 'content-type': 'application/x-ndjson' });
    const items = (answer.body as { readonly items?: readonly LineReceipt[] } | null)?.items;
    return items !== undefined && items.length === lines.length ? items : answer;
  }

  /** The status of an operation; undefined for an unknown one. */
  async status(transactionId: string): Promise<OperationStatusView | undefined> {
    const { status, body } = await this.send('GET', `/v1/transactions/${encodeURIComponent(transactionId)}`);
    return status === 200 ? (body as OperationStatusView) : undefined;
  }

  /**
   * Follows all outcomes from now on until `signal` aborts, with one call per outcome. Resolves when the stream is open, with a promise
   * of its end. A broken connection is resumed behind the last event.
   */
  async follow(
    onOutcome: (outcome: OperationStatusView) => void,
    signal: AbortSignal,
  ): Promise<{ readonly ended: Promise<void> }> {
    let lastEventId: string | undefined;
    const open = () =>
      this.#fetch('/v1/outcomes', {
        headers: { accept: 'text/event-stream', ...(lastEventId !== undefined && { 'last-event-id': lastEventId }) },
        signal,
      });
    const first = await open();
    const run = async () => {
      let response = first;
      for (;;) {
        try {
          await readEvents(response, (id, data) => {
            lastEventId = id;
            onOutcome(JSON.parse(data) as OperationStatusView);
          });
        } catch (error) {
          if (signal.aborted) return;
          if (!(error instanceof TypeError)) throw error;
        }
        if (signal.aborted) return;
        response = await open();
      }
    };
    return { ended: run().catch(() => undefined) };
  }

  async #fetch(path: string, init: RequestInit): Promise<Response> {
    try {
      return await fetch(this.#url + path, init);
    } catch (error) {
      if (init.signal?.aborted === true) throw error;
      const code =
        error instanceof Error && error.cause instanceof Error && 'code' in error.cause
          ? String(error.cause.code)
          : 'no answer';
      throw new UsageError(
        `nothing answers at ${this.#url} (${code})`,
        'Start the services with `medrex start`, or name another address with --url.',
      );
    }
  }
}

/** Parses text/event-stream, using only `id` and `data`. */
async function readEvents(response: Response, onEvent: (id: string | undefined, data: string) => void): Promise<void> {
  if (response.body === null) return;
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of response.body) {
    rest += decoder.decode(chunk as Uint8Array, { stream: true });
    const events = rest.split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      let id: string | undefined;
      let data: string | undefined;
      for (const line of event.split('\n')) {
        if (line.startsWith('data: ')) data = line.slice(6);
        else if (line.startsWith('id: ')) id = line.slice(4);
      }
      if (data !== undefined) onEvent(id, data);
    }
  }
}
