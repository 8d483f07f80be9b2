import { CodedError } from '@medrex/coded-error';
import type { KeySpace } from '@medrex/keys';
import { clinicalErrors } from '../errors.ts';
import type { ResourceModule } from './resource-module.ts';

/** The modules of the resource types, and what to do with types that have none. */
export interface Registry {
  /**
   * The module of a type. A type without one gets a plain record in the space and priority class that suit the type.
   */
  module(type: string): ResourceModule;
  readonly modules: readonly ResourceModule[];
  /** Template versions that `apply` understands. */
  readonly templateVersions: readonly number[];
}

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
  for (const module of modules) checkDecidedOn(module, byType, []);
  const newest = Math.max(1, ...modules.map((module) => module.templateVersion));
  return {
    modules,
    templateVersions: Array.from({ length: newest }, (_, index) => index + 1),
    module: (type) => byType.get(type) ?? generic(type),
  };
}

/** Key spaces that a module may use for its own keys. */
export function spacesOf(module: ResourceModule): readonly KeySpace[] {
  return module.alsoIn === undefined ? [module.space] : [module.space, ...module.alsoIn];
}

function checkSpaces(module: ResourceModule): void {
  const spaces = spacesOf(module);
  if (spaces.includes('financial') && spaces.some((space) => space !== 'financial' && space !== 'counters')) {
    throw new CodedError(clinicalErrors.INVALID_REGISTRY, `${module.type} would touch financial keys and keys of care`);
  }
}

function checkDecidedOn(
  module: ResourceModule,
  byType: ReadonlyMap<string, ResourceModule>,
  on: readonly string[],
): void {
  if (on.includes(module.type))
    throw new CodedError(clinicalErrors.INVALID_REGISTRY, `${module.type} would be decided on itself`);
  for (const type of module.decidedOn ?? []) {
    const other = byType.get(type);
    if (other !== undefined) checkDecidedOn(other, byType, [...on, module.type]);
  }
}
