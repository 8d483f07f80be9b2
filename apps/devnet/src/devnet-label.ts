/** Label to print wherever this network could be mistaken for Fabric. */
export const devnetLabel = 'model of Fabric (development network)';
