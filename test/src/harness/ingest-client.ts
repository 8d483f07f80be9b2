/** What ingest answered. */
export interface Answer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfterS: number | undefined;
}

/** What ingest answered to one line of a batch. */
export interface LineAnswer {
  /** 202 accepted, 200 a repeat, else refused. */
  readonly status: number;
  readonly transactionId?: string;
  readonly seq?: number;
  readonly digest?: string;
  readonly problem?: { readonly code: string };
}

/** How an operation stands, by `GET /v1/transactions/{id}`. */
export interface StatusAnswer {
  readonly state: 'pending' | 'applied' | 'rejected' | 'dead';
  readonly code?: string;
  readonly detail?: unknown;
}

/** A service that hangs is given up after this time; the sender then tries again with the same ids. */
const answerWithinMs = 15_000;

/** Ingest's HTTP API, at whatever address the newest run of ingest has. Every call throws when nobody answers. */
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

  /** Undefined for an operation that ingest does not know. */
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
