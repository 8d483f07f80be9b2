import type { Node, ObjectType } from 'libpg-query';
import { bodyOf, kindOf, type NodeBody, type NodeKind } from './ast.ts';
import type { StatementKind } from './statement.ts';
import { transactionCommand } from './transaction-control.ts';

export interface Command {
  readonly kind: StatementKind;
  /** The command tag of PostgreSQL, without counts. */
  readonly words: string;
}

type Table = { readonly [Kind in NodeKind]?: Command | ((body: NodeBody<Kind>) => Command) };

const schema = (words: string): Command => ({ kind: 'schema', words });
const utility = (words: string): Command => ({ kind: 'utility', words });
const session = (words: string): Command => ({ kind: 'session', words });

const commands: Table = {
  SelectStmt: { kind: 'select', words: 'SELECT' },
  InsertStmt: { kind: 'insert', words: 'INSERT' },
  UpdateStmt: { kind: 'update', words: 'UPDATE' },
  DeleteStmt: { kind: 'delete', words: 'DELETE' },
  MergeStmt: { kind: 'merge', words: 'MERGE' },
  CopyStmt: ({ is_from }) => ({ kind: is_from === true ? 'copyIn' : 'copyOut', words: 'COPY' }),
  TransactionStmt: (body) => ({ kind: 'transaction', words: transactionCommand(body) }),
  VariableSetStmt: ({ kind }) => session(kind === 'VAR_RESET' || kind === 'VAR_RESET_ALL' ? 'RESET' : 'SET'),
  VariableShowStmt: session('SHOW'),
  ConstraintsSetStmt: session('SET CONSTRAINTS'),
  DiscardStmt: ({ target }) => session((target ?? 'DISCARD_ALL').replace('_', ' ')),
  ListenStmt: session('LISTEN'),
  UnlistenStmt: session('UNLISTEN'),
  NotifyStmt: session('NOTIFY'),
  LoadStmt: session('LOAD'),
  DeclareCursorStmt: { kind: 'cursor', words: 'DECLARE CURSOR' },
  ClosePortalStmt: ({ portalname }) => ({
    kind: 'cursor',
    words: portalname === undefined ? 'CLOSE CURSOR ALL' : 'CLOSE CURSOR',
  }),
  FetchStmt: ({ ismove }) => ({ kind: 'cursor', words: ismove === true ? 'MOVE' : 'FETCH' }),
  PrepareStmt: { kind: 'prepared', words: 'PREPARE' },
  ExecuteStmt: { kind: 'prepared', words: 'EXECUTE' },
  DeallocateStmt: ({ name }) => ({ kind: 'prepared', words: name === undefined ? 'DEALLOCATE ALL' : 'DEALLOCATE' }),
  ExplainStmt: { kind: 'explain', words: 'EXPLAIN' },
  VacuumStmt: ({ is_vacuumcmd }) => utility(is_vacuumcmd === true ? 'VACUUM' : 'ANALYZE'),
  ClusterStmt: utility('CLUSTER'),
  ReindexStmt: utility('REINDEX'),
  CheckPointStmt: utility('CHECKPOINT'),
  LockStmt: utility('LOCK TABLE'),
  DoStmt: utility('DO'),
  CallStmt: utility('CALL'),
  RefreshMatViewStmt: utility('REFRESH MATERIALIZED VIEW'),
  CreateTableAsStmt: schema('SELECT'),
  CreateStmt: schema('CREATE TABLE'),
  CreateForeignTableStmt: schema('CREATE FOREIGN TABLE'),
  IndexStmt: schema('CREATE INDEX'),
  ViewStmt: schema('CREATE VIEW'),
  CreateSeqStmt: schema('CREATE SEQUENCE'),
  AlterSeqStmt: schema('ALTER SEQUENCE'),
  CreateSchemaStmt: schema('CREATE SCHEMA'),
  CreateFunctionStmt: ({ is_procedure }) => schema(is_procedure === true ? 'CREATE PROCEDURE' : 'CREATE FUNCTION'),
  AlterFunctionStmt: ({ objtype }) => schema(`ALTER ${objectWords(objtype)}`),
  DefineStmt: ({ kind }) => schema(`CREATE ${objectWords(kind)}`),
  CompositeTypeStmt: schema('CREATE TYPE'),
  CreateEnumStmt: schema('CREATE TYPE'),
  CreateRangeStmt: schema('CREATE TYPE'),
  AlterEnumStmt: schema('ALTER TYPE'),
  AlterTypeStmt: schema('ALTER TYPE'),
  CreateDomainStmt: schema('CREATE DOMAIN'),
  AlterDomainStmt: schema('ALTER DOMAIN'),
  CreateTrigStmt: schema('CREATE TRIGGER'),
  CreateEventTrigStmt: schema('CREATE EVENT TRIGGER'),
  AlterEventTrigStmt: schema('ALTER EVENT TRIGGER'),
  RuleStmt: schema('CREATE RULE'),
  CreatePolicyStmt: schema('CREATE POLICY'),
  AlterPolicyStmt: schema('ALTER POLICY'),
  CreateExtensionStmt: schema('CREATE EXTENSION'),
  AlterExtensionStmt: schema('ALTER EXTENSION'),
  AlterExtensionContentsStmt: schema('ALTER EXTENSION'),
  CreateCastStmt: schema('CREATE CAST'),
  CreateConversionStmt: schema('CREATE CONVERSION'),
  CreateTransformStmt: schema('CREATE TRANSFORM'),
  CreatePLangStmt: schema('CREATE LANGUAGE'),
  CreateAmStmt: schema('CREATE ACCESS METHOD'),
  CreateOpClassStmt: schema('CREATE OPERATOR CLASS'),
  CreateOpFamilyStmt: schema('CREATE OPERATOR FAMILY'),
  AlterOpFamilyStmt: schema('ALTER OPERATOR FAMILY'),
  AlterOperatorStmt: schema('ALTER OPERATOR'),
  CreateStatsStmt: schema('CREATE STATISTICS'),
  AlterStatsStmt: schema('ALTER STATISTICS'),
  AlterCollationStmt: schema('ALTER COLLATION'),
  CreateFdwStmt: schema('CREATE FOREIGN DATA WRAPPER'),
  AlterFdwStmt: schema('ALTER FOREIGN DATA WRAPPER'),
  CreateForeignServerStmt: schema('CREATE SERVER'),
  AlterForeignServerStmt: schema('ALTER SERVER'),
  CreateUserMappingStmt: schema('CREATE USER MAPPING'),
  AlterUserMappingStmt: schema('ALTER USER MAPPING'),
  DropUserMappingStmt: schema('DROP USER MAPPING'),
  ImportForeignSchemaStmt: schema('IMPORT FOREIGN SCHEMA'),
  CreatePublicationStmt: schema('CREATE PUBLICATION'),
  AlterPublicationStmt: schema('ALTER PUBLICATION'),
  CreateSubscriptionStmt: schema('CREATE SUBSCRIPTION'),
  AlterSubscriptionStmt: schema('ALTER SUBSCRIPTION'),
  DropSubscriptionStmt: schema('DROP SUBSCRIPTION'),
  AlterTSDictionaryStmt: schema('ALTER TEXT SEARCH DICTIONARY'),
  AlterTSConfigurationStmt: schema('ALTER TEXT SEARCH CONFIGURATION'),
  CreatedbStmt: schema('CREATE DATABASE'),
  AlterDatabaseStmt: schema('ALTER DATABASE'),
  AlterDatabaseSetStmt: schema('ALTER DATABASE'),
  AlterDatabaseRefreshCollStmt: schema('ALTER DATABASE'),
  DropdbStmt: schema('DROP DATABASE'),
  CreateTableSpaceStmt: schema('CREATE TABLESPACE'),
  DropTableSpaceStmt: schema('DROP TABLESPACE'),
  AlterTableSpaceOptionsStmt: schema('ALTER TABLESPACE'),
  AlterTableMoveAllStmt: ({ objtype }) => schema(`ALTER ${objectWords(objtype)}`),
  AlterSystemStmt: schema('ALTER SYSTEM'),
  CreateRoleStmt: schema('CREATE ROLE'),
  AlterRoleStmt: schema('ALTER ROLE'),
  AlterRoleSetStmt: schema('ALTER ROLE'),
  DropRoleStmt: schema('DROP ROLE'),
  DropOwnedStmt: schema('DROP OWNED'),
  ReassignOwnedStmt: schema('REASSIGN OWNED'),
  GrantStmt: ({ is_grant }) => schema(is_grant === true ? 'GRANT' : 'REVOKE'),
  GrantRoleStmt: ({ is_grant }) => schema(is_grant === true ? 'GRANT ROLE' : 'REVOKE ROLE'),
  AlterDefaultPrivilegesStmt: schema('ALTER DEFAULT PRIVILEGES'),
  CommentStmt: schema('COMMENT'),
  SecLabelStmt: schema('SECURITY LABEL'),
  TruncateStmt: schema('TRUNCATE TABLE'),
  DropStmt: ({ removeType }) => schema(`DROP ${objectWords(removeType)}`),
  RenameStmt: ({ renameType, relationType }) =>
    schema(`ALTER ${objectWords(partOfTable.has(renameType ?? '') ? relationType : renameType)}`),
  AlterTableStmt: ({ objtype }) => schema(`ALTER ${objectWords(objtype)}`),
  AlterOwnerStmt: ({ objectType }) => schema(`ALTER ${objectWords(objectType)}`),
  AlterObjectSchemaStmt: ({ objectType }) => schema(`ALTER ${objectWords(objectType)}`),
  AlterObjectDependsStmt: ({ objectType }) => schema(`ALTER ${objectWords(objectType)}`),
};

/** Undefined for a kind of statement that is missing here, of a newer grammar. */
export function commandOf(statement: Node): Command | undefined {
  const kind = kindOf(statement);
  const entry = commands[kind] as Command | ((body: unknown) => Command) | undefined;
  return typeof entry === 'function' ? entry((statement as unknown as Record<string, unknown>)[kind]) : entry;
}

const partOfTable: ReadonlySet<string> = new Set(['OBJECT_COLUMN', 'OBJECT_TABCONSTRAINT', 'OBJECT_ATTRIBUTE']);

/** Object types whose words in the tag differ from the name of the constant. */
const otherWords: Partial<Record<ObjectType, string>> = {
  OBJECT_MATVIEW: 'MATERIALIZED VIEW',
  OBJECT_FDW: 'FOREIGN DATA WRAPPER',
  OBJECT_FOREIGN_SERVER: 'SERVER',
  OBJECT_OPCLASS: 'OPERATOR CLASS',
  OBJECT_OPFAMILY: 'OPERATOR FAMILY',
  OBJECT_STATISTIC_EXT: 'STATISTICS',
  OBJECT_TSCONFIGURATION: 'TEXT SEARCH CONFIGURATION',
  OBJECT_TSDICTIONARY: 'TEXT SEARCH DICTIONARY',
  OBJECT_TSPARSER: 'TEXT SEARCH PARSER',
  OBJECT_TSTEMPLATE: 'TEXT SEARCH TEMPLATE',
  OBJECT_DOMCONSTRAINT: 'DOMAIN',
  OBJECT_ATTRIBUTE: 'TYPE',
};

function objectWords(type: ObjectType | undefined): string {
  return type === undefined ? 'OBJECT' : (otherWords[type] ?? type.slice('OBJECT_'.length).replaceAll('_', ' '));
}

const neverInBlock: ReadonlySet<NodeKind> = new Set<NodeKind>([
  'CreatedbStmt',
  'DropdbStmt',
  'CreateTableSpaceStmt',
  'DropTableSpaceStmt',
  'AlterSystemStmt',
]);

/** Whether PostgreSQL refuses the statement in a transaction block (PreventInTransactionBlock), as far as the text tells. */
export function isOutsideBlocksOnly(statement: Node): boolean {
  if (neverInBlock.has(kindOf(statement))) return true;
  const transaction = bodyOf(statement, 'TransactionStmt')?.kind;
  return (
    transaction === 'TRANS_STMT_COMMIT_PREPARED' ||
    transaction === 'TRANS_STMT_ROLLBACK_PREPARED' ||
    bodyOf(statement, 'DiscardStmt')?.target === 'DISCARD_ALL' ||
    bodyOf(statement, 'VacuumStmt')?.is_vacuumcmd === true ||
    bodyOf(statement, 'IndexStmt')?.concurrent === true ||
    bodyOf(statement, 'DropStmt')?.concurrent === true ||
    isWholeCluster(statement) ||
    isReindexOutside(statement) ||
    isDetachConcurrently(statement) ||
    isSubscriptionWithSlot(statement)
  );
}

function isWholeCluster(statement: Node): boolean {
  const cluster = bodyOf(statement, 'ClusterStmt');
  return cluster !== undefined && cluster.relation === undefined;
}

function isReindexOutside(statement: Node): boolean {
  const reindex = bodyOf(statement, 'ReindexStmt');
  if (reindex === undefined) return false;
  const isMany = reindex.kind !== 'REINDEX_OBJECT_INDEX' && reindex.kind !== 'REINDEX_OBJECT_TABLE';
  return isMany || hasOption(reindex.params, 'concurrently');
}

function isDetachConcurrently(statement: Node): boolean {
  const commands = bodyOf(statement, 'AlterTableStmt')?.cmds ?? [];
  return commands.some((node) => {
    const command = bodyOf(node, 'AlterTableCmd');
    return command?.subtype === 'AT_DetachPartition' && bodyOf(command.def, 'PartitionCmd')?.concurrent === true;
  });
}

/** Creating a replication slot is the default. */
function isSubscriptionWithSlot(statement: Node): boolean {
  const create = bodyOf(statement, 'CreateSubscriptionStmt');
  return create !== undefined && !hasOption(create.options, 'connect') && !hasOption(create.options, 'create_slot');
}

export function hasOption(options: readonly Node[] | undefined, name: string): boolean {
  return (options ?? []).some((option) => bodyOf(option, 'DefElem')?.defname === name);
}
