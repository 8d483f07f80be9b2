/** Encodes a composite key as Fabric does: U+0000, then each part followed by U+0000. A plain key is returned unchanged. */
export function ledgerKey(key: string | readonly string[]): string {
  return typeof key === 'string' ? key : `\u0000${key.map((part) => `${part}\u0000`).join('')}`;
}
