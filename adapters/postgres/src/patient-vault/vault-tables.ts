import type { Component } from '../schema/migrate.ts';

/**
 * The tables of the vault. Statistics of a column are copies of its values in a catalogue that an erasure does not reach, so of
 * what is destroyed none are kept; the planner needs none for columns that are only found by equality in an index.
 */
export const vaultTables: Component = {
  name: 'vault',
  steps: [
    `
    CREATE TABLE S.vault_tenant_keys (key_id text COLLATE "C" PRIMARY KEY, is_current boolean NOT NULL);
    CREATE TABLE S.vault_patients (
      pseudonym text COLLATE "C" PRIMARY KEY, state text NOT NULL, merged_into text COLLATE "C",
      key_id text COLLATE "C", wrapped bytea
    );
    ALTER TABLE S.vault_patients ALTER COLUMN wrapped SET STATISTICS 0;
    CREATE INDEX vault_patients_merged_into ON S.vault_patients (merged_into) WHERE merged_into IS NOT NULL;
    CREATE INDEX vault_patients_key_id ON S.vault_patients (key_id) WHERE key_id IS NOT NULL;
    CREATE TABLE S.vault_identifiers (
      digest bytea PRIMARY KEY, pseudonym text COLLATE "C" NOT NULL, key_id text COLLATE "C" NOT NULL, sealed bytea NOT NULL
    );
    ALTER TABLE S.vault_identifiers ALTER COLUMN digest SET STATISTICS 0, ALTER COLUMN sealed SET STATISTICS 0;
    CREATE INDEX vault_identifiers_pseudonym ON S.vault_identifiers (pseudonym);
    CREATE INDEX vault_identifiers_key_id ON S.vault_identifiers (key_id);
    CREATE TABLE S.vault_secrets (name text COLLATE "C" PRIMARY KEY, key_id text COLLATE "C" NOT NULL, wrapped bytea NOT NULL);
    ALTER TABLE S.vault_secrets ALTER COLUMN wrapped SET STATISTICS 0;
    `,
  ],
};

/** Those that hold something secret, to be rewritten. */
export const tablesWithSecrets = ['vault_patients', 'vault_identifiers', 'vault_secrets'] as const;
