import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** One file knows the shell; everything else goes through the platform. */
const ONLY_PLATFORM_KNOWS_TAURI = {
  patterns: [{ group: ['@tauri-apps/*'], message: 'Only src/lib/platform/tauri.ts knows Tauri.' }],
};

export default ts.config(
  { ignores: ['dist/', 'src/lib/paraglide/', 'src/lib/bindings/'] },
  js.configs.recommended,
  ts.configs.recommendedTypeChecked,
  svelte.configs.recommended,
  {
    languageOptions: {
      globals: globals.browser,
      parserOptions: { projectService: { allowDefaultProject: ['*.js', 'scripts/*.mjs', 'public/*.js'] }, extraFileExtensions: ['.svelte'] },
    },
    rules: {
      // The type check sees undefined names.
      'no-undef': 'off',
      'no-restricted-imports': ['error', ONLY_PLATFORM_KNOWS_TAURI],
      'svelte/no-at-html-tags': 'error',
      // A style attribute in markup would need a wider Content-Security-Policy; directives go through the CSSOM.
      'no-restricted-syntax': [
        'error',
        { selector: "SvelteAttribute[key.name='style']", message: 'Use a class or a style: directive.' },
      ],
      // State here is replaced, never mutated ($state.raw): sets and maps are bookkeeping beside it.
      'svelte/prefer-svelte-reactivity': 'off',
      'svelte/button-has-type': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { attributes: false } }],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } },
  },
  {
    // Components have no types here; svelte-check, which knows them, checks the same.
    files: ['**/*.svelte'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['tests/**'],
    rules: { '@typescript-eslint/unbound-method': 'off' },
  },
  {
    files: ['src/lib/platform/tauri.ts'],
    rules: { 'no-restricted-imports': 'off' },
  },
  {
    files: ['**/*.js', '**/*.mjs'],
    extends: [ts.configs.disableTypeChecked],
    languageOptions: { globals: { ...globals.node, ...globals.browser } },
  },
);
