import type { StatusColumns } from './status-rows.ts';
import type { Position } from './status-writer.ts';

/** Requests to the writer thread of the store; it answers with 0. */
export type StatusRequest =
  | { readonly kind: 'accepted'; readonly rows: StatusColumns }
  | { readonly kind: 'settled'; readonly rows: StatusColumns; readonly position: Position }
  | { readonly kind: 'forget'; readonly opIds: readonly string[] }
  | { readonly kind: 'close' };

export type NumberedStatusRequest = StatusRequest & { readonly id: number };
