import { CodedError } from '@medrex/coded-error';
import type { KeySpace } from '@medrex/keys';
import { clinicalErrors } from '../errors.ts';
import type { ResourceModule, TemplateLine } from './resource-module.ts';

/** The resource types that the contract knows, and what it does with all others. */
export interface Registry {
  /** The module of a type; for a type without one, the append-only record in the space and class that suit the type. */
  module(type: string): ResourceModule;
  readonly modules: readonly ResourceModule[];
  /** Template versions that `apply` understands. */
  readonly templateVersions: readonly number[];
}

/** Lines that every record has, whatever its type. `<space>` is the module's. */
export const recordLines: readonly TemplateLine[] = [
  {
    key: 'sys~link~<patient>',
    mode: 'read',
    when: 'about a patient',
    why: 'a merged patient is found here; a merge writes it',
  },
  {
    key: '<space>~res~<Type>~<id>',
    mode: 'write',
    when: 'create',
    why: 'the head of version 1, blind: the id is new by construction',
  },
  {
    key: '<space>~res~<Type>~<id>',
    mode: 'readWrite',
    when: 'update, delete',
    why: 'version, If-Match and status rules are decided on it',
  },
  {
    key: '<space>~ver~<Type>~<id>~<change>',
    mode: 'append',
    when: 'always',
    why: 'each version is kept under a key of its own',
  },
  {
    key: 'sys~idn~e~<identifier>',
    mode: 'ensure',
    when: 'create and update with identifiers',
    why: 'conditional creates and references find the resource by it',
  },
  {
    key: 'sys~idn~e~<identifier>',
    mode: 'read',
    when: 'with a conditional reference',
    why: 'the resource that the reference names',
  },
];

/**
 * @param generic makes the module of a type that has none.
 * @throws CodedError INVALID_REGISTRY
 */
export function registryOf(modules: readonly ResourceModule[], generic: (type: string) => ResourceModule): Registry {
  const byType = new Map<string, ResourceModule>();
  for (const module of modules) {
    checkSpaces(module);
    if (byType.has(module.type))
      throw new CodedError(clinicalErrors.INVALID_REGISTRY, `two modules for ${module.type}`);
    byType.set(module.type, module);
  }
  const newest = Math.max(1, ...modules.map((module) => module.templateVersion));
  return {
    modules,
    templateVersions: Array.from({ length: newest }, (_, index) => index + 1),
    module: (type) => byType.get(type) ?? generic(type),
  };
}

/** Spaces that a module's own keys may lie in. */
export function spacesOf(module: ResourceModule): readonly KeySpace[] {
  return module.alsoIn === undefined ? [module.space] : [module.space, ...module.alsoIn];
}

function checkSpaces(module: ResourceModule): void {
  const spaces = spacesOf(module);
  if (spaces.includes('financial') && spaces.some((space) => space !== 'financial' && space !== 'counters')) {
    throw new CodedError(clinicalErrors.INVALID_REGISTRY, `${module.type} would touch financial keys and keys of care`);
  }
}
