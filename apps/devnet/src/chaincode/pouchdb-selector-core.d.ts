/** The used part of pouchdb-selector-core, which has no types. */
declare module 'pouchdb-selector-core' {
  type Json = Record<string, unknown>;
  interface Row {
    readonly doc: Json;
  }
  const selectorCore: {
    matchesSelector(document: Json, selector: Json): boolean;
    createFieldSorter(sort: readonly Record<string, 'asc' | 'desc'>[]): (a: Row, b: Row) => number;
    parseField(field: string): readonly string[];
    getFieldFromDoc(document: Json, path: readonly string[]): unknown;
    setFieldInDoc(document: Json, path: readonly string[], value: unknown): void;
  };
  export default selectorCore;
}
