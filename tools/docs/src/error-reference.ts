import { chaincodeErrors } from '@medrex/chaincode';
import { clinicalErrors, clinicalRefusals, clinicalRejects } from '@medrex/clinical';
import type { ErrorDescription } from '@medrex/coded-error';
import { contractErrors } from '@medrex/contracts';
import { dependencyGraphErrors } from '@medrex/dependency-graph';
import { devnetErrors } from '@medrex/devnet';
import { embeddedLedgerErrors, eventLogErrors, statusStoreErrors } from '@medrex/embedded';
import { authorRegistryRejects, authorRejects, executeBatchErrors } from '@medrex/execute-batch';
import { fabricErrors } from '@medrex/fabric';
import { fabricContractErrors } from '@medrex/fabric-contract';
import { ingestErrors, ingestStartErrors } from '@medrex/ingest';
import { irisErrors } from '@medrex/iris';
import { kafkaErrors } from '@medrex/kafka';
import { keysErrors } from '@medrex/keys';
import { ldapErrors } from '@medrex/ldap';
import { ledgerErrors } from '@medrex/ledger';
import { nestErrors } from '@medrex/nest';
import { pgProxyErrors } from '@medrex/pg-proxy';
import { postgresErrors } from '@medrex/postgres';
import { ordererErrors } from '@medrex/orderer-dag';
import { poolErrors } from '@medrex/pool';
import { privacyErrors } from '@medrex/privacy';
import { redisErrors } from '@medrex/redis';
import { telemetryErrors } from '@medrex/telemetry';
import { markdownTable, page } from './markdown.ts';

type Table = Readonly<Record<string, ErrorDescription>>;

const packages: readonly (readonly [string, Table])[] = [
  ['keys', keysErrors],
  ['pool', poolErrors],
  ['contracts', contractErrors],
  ['execute-batch', executeBatchErrors],
  ['clinical', clinicalErrors],
  ['privacy', privacyErrors],
  ['ledger', ledgerErrors],
  ['dependency-graph', dependencyGraphErrors],
  ['embedded: event log', eventLogErrors],
  ['embedded: ledger', embeddedLedgerErrors],
  ['embedded: status store', statusStoreErrors],
  ['postgres', postgresErrors],
  ['ldap', ldapErrors],
  ['redis', redisErrors],
  ['fabric', fabricErrors],
  ['kafka', kafkaErrors],
  ['iris', irisErrors],
  ['nest', nestErrors],
  ['telemetry', telemetryErrors],
  ['ingest, before it starts', ingestStartErrors],
  ['orderer-dag', ordererErrors],
  ['pg-proxy', pgProxyErrors],
  ['devnet', devnetErrors],
  ['fabric-contract', fabricContractErrors],
  ['chaincode', chaincodeErrors],
];

/** docs/reference/errors.md */
export function errorReference(): string {
  return page(
    'Errors',
    'These are the codes that senders, operators and developers see. A code has the same meaning everywhere.',
    'the errors.ts of each package',
    [senderCodes(), refusals(), rejects(), authors(), ...packages.map(([name, table]) => section(name, table))].join(
      '\n\n',
    ),
  );
}

function senderCodes(): string {
  const rows = Object.values(ingestErrors).map(({ code, status, retryable, meaning, remedy }) => [
    `\`${code}\``,
    String(status),
    yes(retryable),
    meaning,
    remedy,
  ]);
  return `## What ingest answers\n\nHTTP answers are \`application/problem+json\`, under /fhir an OperationOutcome. Messages of the intake topics get a receipt.\n\n${markdownTable(['code', 'HTTP', 'try again', 'meaning', 'what to do'], rows)}`;
}

function refusals(): string {
  const rows = Object.entries(clinicalRefusals).map(([code, { status, meaning }]) => [
    `\`${code}\``,
    String(status),
    meaning,
  ]);
  return `## What the clinical intake refuses\n\nThese errors occur before anything is accepted.\n\n${markdownTable(['code', 'HTTP', 'meaning'], rows)}`;
}

function rejects(): string {
  const rows = Object.entries(clinicalRejects).map(([code, { status, issue, meaning }]) => [
    `\`${code}\``,
    String(status),
    issue,
    meaning,
  ]);
  return `## What the clinical contract rejects\n\nThe contract decides at the operation's place in the order; the operation is then terminal.\n\n${markdownTable(['code', 'HTTP', 'FHIR issue', 'meaning'], rows)}`;
}

function authors(): string {
  const rows = [...Object.entries(authorRejects), ...Object.entries(authorRegistryRejects)].map(
    ([code, { status, issue, meaning, remedy }]) => [`\`${code}\``, String(status), issue, meaning, remedy],
  );
  return `## What the registry of authors rejects\n\nThe ledger decides these, for operations with authors and for changes of the registry.\n\n${markdownTable(['code', 'HTTP', 'FHIR issue', 'meaning', 'what to do'], rows)}`;
}

function section(name: string, table: Table): string {
  const rows = Object.values(table).map(({ code, retryable, meaning, remedy }) => [
    `\`${code}\``,
    yes(retryable),
    meaning,
    remedy,
  ]);
  return `## ${name}\n\n${markdownTable(['code', 'try again', 'meaning', 'what to do'], rows)}`;
}

const yes = (isSo: boolean) => (isSo ? 'yes' : 'no');
