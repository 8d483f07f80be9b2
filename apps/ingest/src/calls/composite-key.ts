/** Fabric's composite keys: U+0000, then each part with U+0000 behind it. A key that is one text stands for itself. */
export function ledgerKey(key: string | readonly string[]): string {
  return typeof key === 'string' ? key : `\u0000${key.map((part) => `${part}\u0000`).join('')}`;
}
