import { spacePrefix, type KeyTemplate } from '@medrex/keys';
import type { Registry } from './registry.ts';
import type { ResourceModule, TemplateLine } from './resource-module.ts';

/** What an entry can do to a resource. */
export const actions = ['create', 'update', 'delete'] as const;
type Action = (typeof actions)[number];

const everyRecord: readonly (TemplateLine & { readonly on: readonly Action[] })[] = [
  {
    on: ['create', 'update'],
    key: 'sys~link~<patient>',
    mode: 'read',
    when: 'about a patient',
    why: 'a merged patient is found here; a merge writes it',
  },
  {
    on: ['delete'],
    key: 'sys~link~<patient>',
    mode: 'read',
    when: 'about a patient',
    why: 'the delete affects the surviving patient; only a Patient entry names its patient beforehand',
    isDiscovered: true,
  },
  {
    on: ['create'],
    key: '<space>~res~<Type>~<id>',
    mode: 'write',
    when: 'always',
    why: 'the head of version 1, written without being read: the id is new',
  },
  {
    on: ['update', 'delete'],
    key: '<space>~res~<Type>~<id>',
    mode: 'readWrite',
    when: 'always',
    why: 'version, If-Match and status are decided on it',
  },
  {
    on: ['create', 'update', 'delete'],
    key: '<space>~ver~<Type>~<id>~<change>',
    mode: 'append',
    when: 'always, unless the type keeps its records under keys of its own',
    why: 'each version is kept under a key of its own',
  },
  {
    on: ['create'],
    key: '<space>~res~<Type>~<id>',
    mode: 'read',
    when: 'with a condition that an existing resource meets',
    why: 'its version is returned; only the state tells which resource it is',
    isDiscovered: true,
  },
  {
    on: ['create', 'update'],
    key: 'sys~idn~e~<identifier digest>',
    mode: 'readWrite',
    when: 'with identifiers or a condition',
    why: 'the list of the resources with this identifier',
  },
  {
    on: ['create'],
    key: 'sys~idn~e~<identifier digest>',
    mode: 'ensure',
    when: 'with a condition',
    why: 'the first create writes it, concurrent ones for the same identifier read it together',
  },
  {
    on: ['create', 'update'],
    key: 'sys~idn~e~<referenced identifier digest>',
    mode: 'read',
    when: 'with a conditional reference',
    why: 'the resource that the reference names',
  },
  {
    on: ['create', 'update', 'delete'],
    key: 'sys~idn~e~<identifier digest>',
    mode: 'readWrite',
    when: 'with identifiers that the resource no longer has, or under a condition with identifiers that another resource has',
    why: 'the list of the resources with this identifier changes',
    isDiscovered: true,
  },
];

/** The keys of every record, whatever its type; `<space>` is the space of the module. */
export const recordLines: readonly TemplateLine[] = everyRecord;

/** The keys of one action on a type: those of every record, then the module's own. */
export function linesOf(module: ResourceModule, action: Action): readonly TemplateLine[] {
  const common = everyRecord
    .filter(({ on }) => on.includes(action))
    .map((line) => ({
      ...line,
      key: line.key.replace('<space>~', spacePrefix(module.space)).replace('<Type>', module.type),
    }));
  return action === 'delete' ? common : [...common, ...module.lines];
}

/** All key templates as data, for the generated reference and the key linter. */
export function keyTemplates({ modules }: Registry): readonly KeyTemplate[] {
  return modules.flatMap((module) =>
    actions.map((action) => ({
      operation: `${module.type}.${action}`,
      version: module.templateVersion,
      keys: linesOf(module, action).map(({ key, mode, isDiscovered }) => ({
        pattern: key,
        mode,
        ...(isDiscovered === true ? { discovered: true } : {}),
      })),
    })),
  );
}
