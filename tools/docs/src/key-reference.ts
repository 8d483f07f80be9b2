import { clinicalRegistry, keyTemplates } from '@medrex/clinical';
import { keyFamilies } from '@medrex/keys';
import { markdownTable, page } from './markdown.ts';

/** docs/reference/keys.md */
export function keyReference(): string {
  const families = keyFamilies.map(({ name, pattern, modes, builder, range, holds, conflicts, notFor }) => [
    name,
    `\`${pattern}\``,
    modes.join(', '),
    `\`${builder}\`, \`${range}\``,
    holds,
    conflicts,
    notFor,
  ]);
  const templates = keyTemplates(clinicalRegistry).flatMap(({ operation, version, keys }) =>
    keys.map(({ pattern, mode, discovered }, place) => [
      place === 0 ? `${operation} (v${version})` : '',
      `\`${pattern}\``,
      discovered === true ? `${mode}, found` : mode,
    ]),
  );
  return page(
    'Keys',
    'This page shows the layout of the state, and the keys that each clinical operation declares (_found_: discovered when the operation runs). See also [how to design keys](../how-to/chaincode-key-design.md).',
    'libs/keys and libs/clinical',
    [
      `## Families\n\n${markdownTable(['family', 'pattern', 'modes', 'builders', 'holds', 'conflicts', 'not for'], families)}`,
      `## Key templates of the clinical operations\n\n${markdownTable(['operation', 'key', 'mode'], templates)}`,
    ].join('\n\n'),
  );
}
