/**
 * `M` if it is a literal, else `never`. Messages of log lines and names of spans have type `M & Constant<M>`, so a
 * message made from data does not compile; data goes into fields, which pass the allow-list.
 */
export type Constant<M extends string> = { readonly ''?: never } extends Record<M, unknown> ? never : M;
