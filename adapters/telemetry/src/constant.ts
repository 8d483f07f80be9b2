/**
 * `M` when it is a literal, else `never`. Sentences of log lines and names of spans take `M & Constant<M>`, so a message that is put
 * together from data does not compile: data goes into fields, which pass the allow-list.
 */
export type Constant<M extends string> = { readonly ''?: never } extends Record<M, unknown> ? never : M;
