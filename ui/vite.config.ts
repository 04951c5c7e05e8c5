import { fileURLToPath } from 'node:url';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelteTesting } from '@testing-library/svelte/vite';
import { defineConfig } from 'vitest/config';
import { licences } from './scripts/licences.mjs';

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const messages = paraglideVitePlugin({
  project: './project.inlang',
  outdir: './src/lib/paraglide',
  strategy: ['globalVariable', 'baseLocale'],
});

export default defineConfig({
  plugins: [
    // Tests run on what the build has compiled: the plugin's watcher would keep them from ending.
    ...(process.env.VITEST ? [] : [messages]),
    licences(),
    svelte(),
    svelteTesting(),
  ],
  resolve: {
    alias: { $lib: folder('./src/lib'), $design: folder('./src/design'), $features: folder('./src/features') },
  },
  clearScreen: false,
  server: { port: 5173, strictPort: true },
  build: {
    // What the oldest supported WebKitGTK and macOS views understand.
    target: ['safari16.4', 'chrome111'],
    // A data URI would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 700,
  },
  test: {
    environment: 'jsdom',
    include: ['tests/**/*.test.ts'],
    setupFiles: ['./tests/setup.ts'],
    restoreMocks: true,
    testTimeout: 60_000,
  },
});
