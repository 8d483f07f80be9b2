/** SQL that makes a PostgreSQL database stand for an IRIS namespace: default schema, collation and INFORMATION_SCHEMA. */
export const standInSchema = `
  CREATE SCHEMA IF NOT EXISTS sqluser;
  DO $$ BEGIN
    CREATE COLLATION sqluser.sqlupper (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
  EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  DO $$ BEGIN
    CREATE DOMAIN sqluser.iris_bit AS integer CHECK (VALUE IN (0, 1));
  EXCEPTION WHEN duplicate_object THEN NULL; END $$;
  CREATE SCHEMA IF NOT EXISTS iris_information_schema;
  CREATE OR REPLACE VIEW iris_information_schema.tables AS
    SELECT CASE n.nspname WHEN 'sqluser' THEN 'SQLUser' ELSE n.nspname END AS table_schema, c.relname AS table_name,
      CASE c.relkind WHEN 'v' THEN 'VIEW' ELSE 'BASE TABLE' END AS table_type, c.oid
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'v') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'iris_information_schema');
  CREATE OR REPLACE VIEW iris_information_schema.columns AS
    SELECT t.table_schema, t.table_name, a.attname AS column_name, a.attnum AS ordinal_position,
      CASE y.typname WHEN 'iris_bit' THEN 'bit' WHEN 'int4' THEN 'integer' WHEN 'int8' THEN 'bigint' WHEN 'int2' THEN 'smallint'
        WHEN 'float8' THEN 'double' WHEN 'float4' THEN 'real' WHEN 'bpchar' THEN 'char' WHEN 'bytea' THEN 'varbinary'
        WHEN 'uuid' THEN 'uniqueidentifier' WHEN '_float8' THEN 'vector' ELSE y.typname END AS data_type,
      CASE WHEN y.typname IN ('varchar', 'bpchar') THEN a.atttypmod - 4
        WHEN y.typname = '_float8' THEN substr(col_description(t.oid, a.attnum), 8)::int END AS character_maximum_length,
      CASE WHEN y.typname = 'numeric' AND a.atttypmod > 0 THEN ((a.atttypmod - 4) >> 16) & 65535 END AS numeric_precision,
      CASE WHEN y.typname = 'numeric' AND a.atttypmod > 0 THEN (a.atttypmod - 4) & 65535 END AS numeric_scale,
      CASE WHEN a.attnotnull THEN 'NO' ELSE 'YES' END AS is_nullable,
      CASE WHEN a.attidentity <> '' THEN 'YES' ELSE 'NO' END AS is_identity,
      CASE l.collname WHEN 'sqlupper' THEN 'SQLUPPER' ELSE 'EXACT' END AS collation_name
    FROM iris_information_schema.tables t JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum > 0 AND NOT a.attisdropped
      JOIN pg_type y ON y.oid = a.atttypid LEFT JOIN pg_collation l ON l.oid = a.attcollation;
  CREATE OR REPLACE VIEW iris_information_schema.key_column_usage AS
    SELECT t.table_schema, t.table_name, k.conname AS constraint_name, a.attname AS column_name, p.ordinal_position,
      CASE k.contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' ELSE 'FOREIGN KEY' END AS constraint_type
    FROM pg_constraint k JOIN iris_information_schema.tables t ON t.oid = k.conrelid
      CROSS JOIN LATERAL unnest(k.conkey) WITH ORDINALITY AS p (attnum, ordinal_position)
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.attnum
    WHERE k.contype IN ('p', 'u', 'f');
  CREATE OR REPLACE VIEW iris_information_schema.referential_constraints AS
    SELECT t.table_schema AS constraint_schema, t.table_name AS constraint_table_name, k.conname AS constraint_name,
      o.table_schema AS unique_constraint_schema, o.table_name AS unique_constraint_table
    FROM pg_constraint k JOIN iris_information_schema.tables t ON t.oid = k.conrelid
      JOIN iris_information_schema.tables o ON o.oid = k.confrelid
    WHERE k.contype = 'f';
  CREATE OR REPLACE VIEW iris_information_schema.indexes AS
    SELECT t.table_schema, t.table_name, i.relname AS index_name, a.attname AS column_name, p.ordinal_position,
      CASE WHEN x.indisprimary THEN 1 ELSE 0 END AS primary_key, CASE WHEN x.indisunique THEN 0 ELSE 1 END AS non_unique
    FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid JOIN iris_information_schema.tables t ON t.oid = x.indrelid
      CROSS JOIN LATERAL unnest(x.indkey::int2[]) WITH ORDINALITY AS p (attnum, ordinal_position)
      JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = p.attnum;
`;
