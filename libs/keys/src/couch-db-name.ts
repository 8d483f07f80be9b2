import { createHash } from 'node:crypto';
import { CodedError } from '@medrex/coded-error';
import { keysErrors } from './errors.ts';

// CouchDB allows 249 characters; Fabric keeps 11 of them for itself.
const nameMax = 238;
const partMax = 50;
const allowed = /^[a-z][a-z0-9.$_()+-]*$/;

/**
 * The CouchDB database in which a Fabric peer keeps the state of a namespace (`ehr` and `Clinical` give
 * `ehr_$clinical`) or, without a namespace, the metadata of the channel (`ehr_`). CouchDB names have no capitals, so a
 * capital becomes `$` and its lower-case letter. A name over the limit is truncated and ends with the SHA-256 of the
 * whole name.
 * As in `core/ledger/kvledger/txmgmt/statedb/statecouchdb/couchdbutil.go` of hyperledger/fabric (2.5, 3.1):
 * constructNamespaceDBName, constructMetadataDBName, mapAndValidateDatabaseName.
 * @param namespace a chaincode, or `chaincode$$pcollection` / `chaincode$$hcollection` for private data and its hashes
 * @throws CodedError INVALID_DATABASE_NAME for names that Fabric refuses, too
 */
export function couchDbName(channel: string, namespace?: string): string {
  const name = namespace === undefined ? metadataName(channel) : namespaceName(channel, namespace);
  if (!allowed.test(name) || name.length > nameMax) {
    throw new CodedError(keysErrors.INVALID_DATABASE_NAME, `${JSON.stringify(name)} cannot name a CouchDB database`);
  }
  return name.replaceAll('.', '$');
}

function metadataName(channel: string): string {
  return channel.length > nameMax ? `${channel.slice(0, partMax)}(${sha256(channel)})_` : `${channel}_`;
}

function namespaceName(channel: string, namespace: string): string {
  const escaped = namespace.replace(/[A-Z]/g, (capital) => '$' + capital.toLowerCase());
  const name = `${channel}_${escaped}`;
  if (name.length <= nameMax) return name;
  const parts = escaped.split('$$');
  // Only chaincode and collection are truncated separately; anything else is truncated as a whole.
  const cut = (parts.length === 2 ? parts : parts.slice(0, 1)).map((part) => part.slice(0, partMax)).join('$$');
  return `${channel.slice(0, partMax)}_${cut}(${sha256(`${channel}_${namespace}`)})`;
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
