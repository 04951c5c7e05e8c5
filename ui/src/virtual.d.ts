/** Made by `scripts/licences.mjs` while the app is built. */
declare module 'virtual:licences' {
  const all: readonly { name: string; version: string; licence: string }[];
  export default all;
}
