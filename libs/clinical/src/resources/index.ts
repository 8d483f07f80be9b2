import type { ResourceModule } from '../contract/resource-module.ts';

/** The module of each resource type that has one. */
export const resourceModules: readonly ResourceModule[] = [];
