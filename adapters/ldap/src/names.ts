/** Escapes an attribute value for a distinguished name (RFC 4514). */
function escapeDn(text: string): string {
  return text
    .replace(/[\\"+,;<=>#]/g, String.raw`\$&`)
    .replaceAll('\0', String.raw`\00`)
    .replace(/^ | $/g, String.raw`\$&`);
}

/** Escapes a value for a search filter (RFC 4515). */
export function escapeFilter(text: string): string {
  return text.replace(/[\\*()\0]/g, (one) => `\\${one.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** Users allowed in names such as `user@example.org` and `DOMAIN\user`, which have no escapes. */
const plainName = /^[\p{L}\p{N}._-]+$/u;

/** Puts a user into a template of a DN or name. Undefined: the user has characters that cannot be escaped there. */
export function bindName(template: string, user: string): string | undefined {
  if (template.includes('=')) return template.replaceAll('{user}', () => escapeDn(user));
  return plainName.test(user) ? template.replaceAll('{user}', () => user) : undefined;
}
