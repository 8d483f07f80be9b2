export { EmbeddedPostgres } from './embedded/embedded-postgres.ts';
export { postgresErrors } from './errors.ts';
export { PostgresPatientVault, type PostgresPatientVaultOptions } from './patient-vault/postgres-patient-vault.ts';
export { addressText, type PostgresAddress } from './pool/address.ts';
export { PostgresPool, type PostgresPoolOptions } from './pool/postgres-pool.ts';
export { serverFacts, type ServerFacts } from './pool/server-facts.ts';
export { postgresPoolOptions, postgresVariables } from './pool/postgres-variables.ts';
export { PostgresStatusStore, type PostgresStatusStoreOptions } from './status-store/postgres-status-store.ts';
