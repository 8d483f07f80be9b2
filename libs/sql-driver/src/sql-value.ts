/** How a parameter is bound. */
export type SqlValue =
  | null
  | {
      readonly as: 'text' | 'integer' | 'decimal' | 'double' | 'boolean' | 'date' | 'time' | 'timestamp';
      readonly text: string;
    }
  | { readonly as: 'bytes'; readonly bytes: Uint8Array }
  /** Several values in one parameter, where the server has something like it. */
  | { readonly as: 'list'; readonly items: readonly string[] };
