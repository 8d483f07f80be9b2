import type { Mechanism } from 'kafkajs';
import { kafkaError } from './errors.ts';
import type { TokenSource } from './oauth-token.ts';

/** The bytes of the broker's answer are preceded by their length. */
const sizeBytes = 4;

/**
 * SASL OAUTHBEARER (RFC 7628). The implementation of kafkajs ignores the broker's answer, and treats a connection with
 * a refused token as authenticated; the broker then closes it at the next request. Here the refusal is an error, and
 * the next connection fetches a new token.
 */
export function oauthBearer(token: TokenSource): Mechanism {
  return {
    mechanism: 'oauthbearer',
    authenticationProvider: ({ saslAuthenticate }) => ({
      authenticate: async () => {
        const first = Buffer.from(`n,,\x01auth=Bearer ${await token()}\x01\x01`);
        const challenge = await saslAuthenticate({
          request: { encode: () => withSize(first) },
          response: { decode: (bytes) => bytes, parse: (bytes) => bytes.subarray(sizeBytes) },
        });
        if (challenge !== undefined && challenge.length > 0)
          throw kafkaError('KAFKA_TOKEN', 'a broker refused the token');
      },
    }),
  };
}

function withSize(bytes: Buffer): Buffer {
  const size = Buffer.alloc(sizeBytes);
  size.writeInt32BE(bytes.length);
  return Buffer.concat([size, bytes]);
}
