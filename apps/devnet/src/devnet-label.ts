/** What to print wherever something of this network could be taken for Fabric's. */
export const devnetLabel = 'model of Fabric (development network)';
