/** A setting in a pgbouncer.ini, and where it stands. */
export interface IniEntry {
  readonly section: string;
  readonly key: string;
  readonly value: string;
  readonly place: string;
}

export interface IniFile {
  readonly entries: readonly IniEntry[];
  /** For each section, the number of entries before its last header. */
  readonly begins: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
}

const blank = /^\s*(?:[;#].*)?$/;
const include = /^\s*%include\s+(\S.*?)\s*$/;
/** Settings may follow on the same line. */
const header = /^\s*\[\s*([^\]]+?)\s*\](.*)$/;
/** PgBouncer 1.25 accepts names in single quotes; its documentation has double ones. */
const setting = /^\s*(?:"((?:[^"]|"")+)"|'([^']+)'|([\w.*-]+))\s*=\s*(.*?)\s*$/;
/** The depth to which PgBouncer follows includes. */
const depthMax = 10;

/**
 * Reads a pgbouncer.ini as PgBouncer does: a comment takes a whole line, a value extends to the end of its line, and `%include` is read in
 * place, within the section where it stands.
 *
 * @param read returns the text of a file; throws if it cannot be read
 */
export function readIni(file: string, read: (file: string) => string): IniFile {
  const entries: IniEntry[] = [];
  const problems: string[] = [];
  const begins = new Map<string, number>();
  let section = '';
  const takeLine = (line: string, place: string): void => {
    const [, title, rest = ''] = header.exec(line) ?? [];
    if (title !== undefined) {
      section = title.toLowerCase();
      begins.set(section, entries.length);
      if (!blank.test(rest)) takeLine(rest, place);
      return;
    }
    const [, quoted, single, plain = '', value = ''] = setting.exec(line) ?? [];
    const key = quoted?.replaceAll('""', '"') ?? single ?? plain;
    if (key === '') problems.push(`${place}: is not \`name = value\`, [section], %include or a comment after ; or #`);
    else if (section === '') problems.push(`${place}: ${key} is not in a section`);
    else entries.push({ section, key, value, place });
  };
  const take = (name: string, depth: number, from: string): void => {
    let text: string;
    try {
      if (depth > depthMax) throw new Error('files include each other');
      text = read(name);
    } catch (error) {
      problems.push(`${from}${name} cannot be read: ${(error as Error).message}`);
      return;
    }
    text.split(/\r?\n/).forEach((line, index) => {
      const place = `${name}:${index + 1}`;
      if (blank.test(line)) return;
      const [, included] = include.exec(line) ?? [];
      if (included !== undefined) return take(included, depth + 1, `${place}: `);
      takeLine(line, place);
    });
  };
  take(file, 0, '');
  return { entries, begins, problems };
}

/** In a connection string double quotes are part of the value; in LDAP options, as in pg_hba.conf, they enclose it. */
const parameterPattern = {
  connection: /\s*([A-Za-z_]\w*)\s*=\s*(?:'((?:[^']|'')*)'|([^\s']\S*)?)(?=\s|$)/y,
  options: /\s*([A-Za-z_]\w*)\s*=\s*(?:'((?:[^']|'')*)'|([^\s'"]\S*)?|"((?:[^"]|"")*)")(?=\s|$)/y,
};

/** The parameters of a connection string, or of a user's settings: `name=value`, `name='with ''quotes'''`. Undefined: malformed. */
export function readParameters(
  text: string,
  form: keyof typeof parameterPattern = 'connection',
): Map<string, string> | undefined {
  const parameters = new Map<string, string>();
  const word = parameterPattern[form];
  word.lastIndex = 0;
  const end = text.trimEnd().length;
  while (word.lastIndex < end) {
    const [, name, single, plain, double] = word.exec(text) ?? [];
    if (name === undefined) return undefined;
    parameters.set(name, single?.replaceAll("''", "'") ?? plain ?? double?.replaceAll('""', '"') ?? '');
  }
  return parameters;
}
