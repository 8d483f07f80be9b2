import { spacePrefix, type KeyTemplate } from '@medrex/keys';
import type { Registry } from './registry.ts';
import type { ResourceModule, TemplateLine } from './resource-module.ts';

/** The interactions on a resource. */
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
    why: 'what is given back is the survivor’s; only a Patient names itself beforehand',
    isDiscovered: true,
  },
  {
    on: ['create'],
    key: '<space>~res~<Type>~<id>',
    mode: 'write',
    when: 'always',
    why: 'the head of version 1, blind: the id is new by construction',
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
    when: 'always, unless the type has a place of its own for its records',
    why: 'each version is kept under a key of its own',
  },
  {
    on: ['create'],
    key: '<space>~res~<Type>~<id>',
    mode: 'read',
    when: 'with a condition that a resource meets',
    why: 'the sender is told its version; which one it is, only the state can tell',
    isDiscovered: true,
  },
  {
    on: ['create', 'update'],
    key: 'sys~idn~e~<identifier digest>',
    mode: 'readWrite',
    when: 'with identifiers or a condition',
    why: 'the resource is listed there, beside others that have the identifier',
  },
  {
    on: ['create'],
    key: 'sys~idn~e~<identifier digest>',
    mode: 'ensure',
    when: 'with a condition',
    why: 'those who race for one read it together behind the first',
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
    when: 'with identifiers that are given up, or under a condition with others that another resource has',
    why: 'the list of those who have it changes',
    isDiscovered: true,
  },
];

/** The lines that every record has, whatever its type; `<space>` is the module's. */
export const recordLines: readonly TemplateLine[] = everyRecord;

/** The lines of one action of a type: those of every record, then the module's own. */
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
