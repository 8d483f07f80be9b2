// The used part of PouchDB's API. The published types have declarations that clash with those of Node.

declare module 'pouchdb-core' {
  interface Written {
    readonly ok: true;
    readonly id: string;
    readonly rev: string;
  }

  interface Refused {
    readonly error: true;
    readonly status: number;
    readonly name: string;
    readonly message: string;
  }

  interface Attachment {
    readonly content_type: string;
    readonly data: Buffer;
  }

  interface Document {
    readonly _id: string;
    readonly _rev: string;
    readonly _attachments?: Readonly<Record<string, Attachment>>;
  }

  interface Found {
    readonly docs: readonly object[];
    readonly warning?: string;
  }

  class PouchDB {
    static plugin(plugin: unknown): typeof PouchDB;
    constructor(name: string, options: { readonly adapter: 'memory' });
    get(id: string, options: { readonly attachments: true; readonly binary: true }): Promise<Document>;
    put(document: object): Promise<Written>;
    remove(document: { readonly _id: string; readonly _rev: string }): Promise<Written>;
    allDocs(options: object): Promise<object>;
    bulkDocs(documents: readonly object[]): Promise<readonly (Written | Refused)[]>;
    find(query: object): Promise<Found>;
    createIndex(definition: object): Promise<object>;
    getIndexes(): Promise<object>;
    deleteIndex(index: { readonly ddoc: string; readonly type: string; readonly name: string }): Promise<object>;
    info(): Promise<{ readonly doc_count: number }>;
    destroy(): Promise<void>;
  }
  export default PouchDB;
}

declare module 'pouchdb-adapter-memory' {
  const plugin: unknown;
  export default plugin;
}

declare module 'pouchdb-find' {
  const plugin: unknown;
  export default plugin;
}
