import type { Secret } from '@medrex/privacy';
import { z } from 'zod';
import { kafkaError } from './errors.ts';
import type { HttpAnswer, HttpPool } from './http-pool.ts';
import { readMountedFile } from './read-mounted-file.ts';

/** A source of tokens for OAUTHBEARER. */
export type TokenSource = () => Promise<string>;

/**
 * A file with a token or secret that is updated from outside, read for each use.
 * @throws CodedError KAFKA_CONFIG if it is missing at the start; if it is missing later, the error is KAFKA_TOKEN,
 * which is retried
 */
export function refresh(variable: string, file: string): () => string {
  readMountedFile(variable, file);
  return () => {
    try {
      return readMountedFile(variable, file).trim();
    } catch (cause) {
      throw kafkaError('KAFKA_TOKEN', `${variable}: the file cannot be read now`, { cause });
    }
  };
}

export interface TokenEndpointOptions {
  /** The token endpoint of the identity provider. */
  readonly url: string;
  readonly clientId: string;
  /** Read for each request, so that the file may change. */
  readonly clientSecret: () => Secret;
  readonly scope: string | undefined;
  readonly pool: HttpPool;
}

const answerSchema = z.object({ access_token: z.string().min(1), expires_in: z.number().positive().optional() });

const timeoutMs = 5_000;
/** How long a token without a lifetime is used. */
const standardSeconds = 60;
/** The part of its lifetime for which a token is reused; the rest is for connections made with it. */
const usedShare = 0.8;

/**
 * Tokens by the client credentials grant (RFC 6749, 4.4), with HTTP Basic for the client. A token is reused for four
 * fifths of its lifetime; concurrent callers share one request.
 */
export class TokenEndpoint {
  readonly #options: TokenEndpointOptions;
  #token: { readonly text: string; readonly untilMs: number } | undefined;
  #fetching: Promise<string> | undefined;

  constructor(options: TokenEndpointOptions) {
    this.#options = options;
  }

  /** @throws CodedError KAFKA_TOKEN if the endpoint returns none; retryable */
  async token(): Promise<string> {
    if (this.#token !== undefined && performance.now() < this.#token.untilMs) return this.#token.text;
    this.#fetching ??= this.#fetch().finally(() => (this.#fetching = undefined));
    return this.#fetching;
  }

  async #fetch(): Promise<string> {
    const askedMs = performance.now();
    const answer = answerSchema.safeParse(await this.#ask());
    if (!answer.success)
      throw kafkaError('KAFKA_TOKEN', 'the token endpoint answered with something else than a token');
    const { access_token: text, expires_in: seconds = standardSeconds } = answer.data;
    this.#token = { text, untilMs: askedMs + seconds * 1000 * usedShare };
    return text;
  }

  async #ask(): Promise<unknown> {
    const { url, clientId, clientSecret, scope, pool } = this.#options;
    const credentials = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret().reveal())}`;
    const form = new URLSearchParams({ grant_type: 'client_credentials', ...(scope !== undefined && { scope }) });
    const headers = {
      accept: 'application/json',
      'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
      authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    };
    // Redirects are not followed, so that the secret is sent nowhere else.
    const answer = await pool.post({ url, headers, body: form.toString(), timeoutMs }).catch((cause: unknown) => {
      throw kafkaError('KAFKA_TOKEN', 'the token endpoint does not answer', { cause });
    });
    if (answer.status >= 200 && answer.status < 300) return jsonIn(answer);
    throw kafkaError('KAFKA_TOKEN', `the token endpoint answered with status ${answer.status}`);
  }
}

function jsonIn({ body }: HttpAnswer): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
