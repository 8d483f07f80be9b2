export { hostileText } from './hostile-text.ts';
