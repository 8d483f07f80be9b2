/** Priority classes, the most urgent first. The index in this list is the number in encoded messages. */
export const operationClasses = ['cpoe', 'clinical', 'scheduling', 'financial', 'audit'] as const;
export type OperationClass = (typeof operationClasses)[number];
