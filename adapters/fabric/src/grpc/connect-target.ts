import { createHash, X509Certificate } from 'node:crypto';
import { Client, credentials, type ChannelCredentials } from '@grpc/grpc-js';
import type { TargetAddress } from '../profile/connection-profile.ts';

/** The client's certificate and key for mutual TLS, as PEM. */
export interface ClientTls {
  readonly certificate: Buffer;
  readonly privateKey: Buffer;
}

/** Blocks and envelopes may be as large as the channel allows, which the peer checks. */
const unlimited = -1;

/** A connection to one peer or orderer, opened on first use and reopened when it breaks. */
export function connectTarget(target: TargetAddress, tls?: ClientTls): Client {
  return new Client(target.address, credentialsOf(target, tls), {
    'grpc.max_receive_message_length': unlimited,
    'grpc.max_send_message_length': unlimited,
    // Peers refuse pings that come more often than once a minute.
    'grpc.keepalive_time_ms': 90_000,
    'grpc.keepalive_timeout_ms': 10_000,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
    ...(target.hostname !== undefined && {
      'grpc.ssl_target_name_override': target.hostname,
      'grpc.default_authority': target.hostname,
    }),
  });
}

function credentialsOf({ trusted }: TargetAddress, tls?: ClientTls): ChannelCredentials {
  if (trusted === undefined) return credentials.createInsecure();
  return tls === undefined
    ? credentials.createSsl(trusted)
    : credentials.createSsl(trusted, tls.privateKey, tls.certificate);
}

/** The certificate hash that a request for blocks must contain if the peer binds it to the TLS connection. */
export function tlsCertificateHash({ certificate }: ClientTls): Uint8Array {
  return createHash('sha256').update(new X509Certificate(certificate).raw).digest();
}
