import { readFile } from 'node:fs/promises';
import { CodedError } from '@medrex/coded-error';
import { fabricErrors, messageOf } from '../errors.ts';
import type { ClientTls } from '../grpc/connect-target.ts';
import type { ChannelProfile } from './connection-profile.ts';

/**
 * The client's certificate and key for mutual TLS, if the profile has them.
 * @throws CodedError FABRIC_PROFILE_UNUSABLE
 */
export async function clientTls({ tls }: ChannelProfile): Promise<ClientTls | undefined> {
  if (tls === undefined) return undefined;
  try {
    const [certificate, privateKey] = await Promise.all([readFile(tls.certificate), readFile(tls.privateKey)]);
    return { certificate, privateKey };
  } catch (cause) {
    throw new CodedError(fabricErrors.profileUnusable, `client.tlsCerts: ${messageOf(cause)}`, { cause });
  }
}
