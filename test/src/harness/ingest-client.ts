/** An answer of ingest. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfterS: number | undefined;
}

/** The answer of ingest to one line of a batch. */
export interface LineAnswer {
  /** 202 accepted, 200 a repeat, otherwise refused. */
  readonly status: number;
  readonly transactionId?: string;
  readonly seq?: number;
  readonly digest?: string;
  readonly problem?: { readonly code: string };
}

/** The status of an operation from `GET /v1/transactions/{id}`. */
export interface StatusAnswer {
  readonly state: 'pending' | 'applied' | 'rejected' | 'dead';
  readonly code?: string;
  readonly detail?: unknown;
}

/** Timeout of a request in ms; the sender then retries with the same ids. */
const answerWithinMs = 15_000;

/** A client of ingest's HTTP API at the address of the newest run of ingest. Every call throws when nothing answers. */
export class IngestClient {
  readonly #url: () => string;

  constructor(url: () => string) {
    this.#url = url;
  }

  async get(path: string): Promise<Answer> {
    return this.#ask(path, { method: 'GET' });
  }

  async post(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const text = typeof body === 'string' ? body : JSON.stringify(body);
    return this.#ask(path, { method: 'POST', body: text, headers: { 'content-type': 'application/json', ...headers } });
  }

  /** Sends lines as one NDJSON batch. @throws when the batch was refused as a whole */
  async sendLines(lines: readonly string[]): Promise<readonly LineAnswer[]> {
    const { status, body } = await this.post('/v1/batches', lines.join('\n'), {
      'content-type': 'application/x-ndjson',
    });
    const items = body['items'] as readonly LineAnswer[] | undefined;
    if (items?.length !== lines.length) throw new Error(`the batch was refused: ${status} ${JSON.stringify(body)}`);
    return items;
  }

  /** The status of an operation; undefined for an unknown one. */
  async status(opId: string): Promise<StatusAnswer | undefined> {
    const { status, body } = await this.get(`/v1/transactions/${opId}`);
    return status === 200 ? (body as unknown as StatusAnswer) : undefined;
  }

  async #ask(path: string, init: RequestInit): Promise<Answer> {
    const response = await fetch(this.#url() + path, { ...init, signal: AbortSignal.timeout(answerWithinMs) });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const retryAfter = response.headers.get('retry-after');
    return {
      status: response.status,
      body: isJson ? (JSON.parse(text) as Answer['body']) : { text },
      retryAfterS: retryAfter === null ? undefined : Number(retryAfter),
    };
  }
}
