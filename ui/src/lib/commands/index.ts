export * from './commands.svelte';
export { capsOf, keysText, type Keys } from './keys';
export { focusRegion } from './regions';
