import type { Mechanism } from 'kafkajs';
import { kafkaError } from './errors.ts';
import type { TokenSource } from './oauth-token.ts';

/** Before the bytes that the broker answers with stands their number. */
const sizeBytes = 4;

/**
 * SASL OAUTHBEARER (RFC 7628). The one of kafkajs does not look at the broker's answer, and takes a connection for good whose
 * token was refused; the broker then closes it at the next request. Here that is told, and the next connection asks for a token again.
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
