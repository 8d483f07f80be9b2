/** Priority classes, the most urgent first. The place in this list is the number on the wire. */
export const operationClasses = ['cpoe', 'clinical', 'scheduling', 'financial', 'audit'] as const;
export type OperationClass = (typeof operationClasses)[number];
