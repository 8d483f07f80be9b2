import type { ColumnFacts, SqlCatalog, TableFacts } from '../iris/catalog.ts';
import type { PgType } from '../iris/pg-type.ts';

function column(name: string, type: PgType, more: Partial<ColumnFacts> = {}): ColumnFacts {
  return { name, type, isNullable: true, ...more };
}

const id = column('id', 'int4', { isNullable: false });

/** Tables of a small hospital, for tests. */
export const wardTables: Readonly<Record<string, TableFacts>> = {
  patients: {
    columns: [id, column('name', 'text'), column('born', 'date'), column('active', 'bool'), column('score', 'numeric')],
    uniqueKeys: [['id']],
  },
  encounters: {
    columns: [
      id,
      column('patient_id', 'int4'),
      column('status', 'text'),
      column('started', 'timestamp'),
      column('cost', 'int4'),
      column('code', 'varchar', { collation: 'exact' }),
    ],
    uniqueKeys: [['id'], ['code']],
  },
  wards: {
    columns: [id, column('parent', 'int4'), column('label', 'text', { isNullable: false })],
    uniqueKeys: [['id']],
    isReferencedByItselfOnly: true,
  },
  notes: {
    columns: [
      id,
      column('body', 'text'),
      column('e', 'vector', { dimensions: 3 }),
      column('f', 'vector', { dimensions: 3, vectorElement: 'FLOAT', isNormalised: true }),
    ],
    uniqueKeys: [['id']],
  },
};

export const wardCatalog: SqlCatalog = {
  table: ({ name }) => wardTables[name],
  tableOfIndex: ({ name }) => (name === 'patients_name' ? { schema: 'public', name: 'patients' } : undefined),
  isEnum: (type) => type === 'mood',
};

/** The ward catalogue with further facts about its tables. */
export const wardWith = (more: Partial<TableFacts>): SqlCatalog => ({
  ...wardCatalog,
  table: (relation) => {
    const facts = wardCatalog.table(relation);
    return facts === undefined ? undefined : { ...facts, ...more };
  },
});
