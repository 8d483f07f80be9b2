import type { AccessMode, KeyTemplate } from '@medrex/keys';

const asset = 'fin~asset~{asset}';
const label = 'fin~label~{asset}';
const account = 'fin~account~{account}';
const holding = 'fin~holding~{owner}';

const template = (
  operation: string,
  keys: Readonly<Record<string, AccessMode>>,
  discovered: readonly string[] = [],
): KeyTemplate => ({
  operation,
  version: 1,
  keys: [
    ...Object.entries(keys).map(([pattern, mode]) => ({ pattern, mode })),
    ...discovered.map((pattern) => ({ pattern, mode: 'readWrite' as const, discovered: true })),
  ],
});

/** The key templates of the asset contract. */
export const assetTemplates: readonly KeyTemplate[] = [
  template('create', { [asset]: 'readWrite', [holding]: 'readWrite' }),
  template('transfer', { [asset]: 'readWrite', [holding]: 'readWrite' }, [holding]),
  template('move', { [asset]: 'readWrite', [holding]: 'readWrite' }),
  template('delete', { [asset]: 'readWrite' }, [holding]),
  template('look', { [asset]: 'read', [label]: 'read' }),
  template('label', { [label]: 'write' }),
  template('deposit', { [account]: 'readWrite' }),
  template('pay', { [account]: 'readWrite' }),
  template('payOwner', { [asset]: 'read', [account]: 'readWrite' }, [account]),
  template('ensure', { 'fin~kind~e~{digest}': 'ensure' }),
  template('note', { 'aud~note~a~{asset}~{opId}': 'append' }),
  template('count', { 'ctr~{counter}~d~{opId}': 'delta' }),
  template('refuse', { [asset]: 'readWrite' }),
  template('crash', { [asset]: 'readWrite' }),
  template('spend', {}),
  template('compact', { 'ctr~{counter}~b': 'readWrite', 'ctr~{counter}~d~{opId}': 'readWrite' }),
];
