/** A text as the value of an attribute in a distinguished name (RFC 4514). */
function escapeDn(text: string): string {
  return text
    .replace(/[\\"+,;<=>#]/g, String.raw`\$&`)
    .replaceAll('\0', String.raw`\00`)
    .replace(/^ | $/g, String.raw`\$&`);
}

/** A text as the value in a search filter (RFC 4515). */
export function escapeFilter(text: string): string {
  return text.replace(/[\\*()\0]/g, (one) => `\\${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** What stands in names like `user@example.org` and `DOMAIN\user`, which have no way to escape. */
const plainName = /^[\p{L}\p{N}._-]+$/u;

/** The name to bind as. Undefined: this user cannot be meant by it. */
export function bindName(template: string, user: string): string | undefined {
  if (template.includes('=')) return template.replaceAll('{user}', () => escapeDn(user));
  return plainName.test(user) ? template.replaceAll('{user}', () => user) : undefined;
}
