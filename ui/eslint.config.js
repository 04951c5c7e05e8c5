import js from '@eslint/js';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** One file knows the shell; everything else goes through the platform. */
const ONLY_PLATFORM_KNOWS_TAURI = {
  patterns: [{ group: ['@tauri-apps/*'], message: 'Only src/lib/platform/tauri.ts knows Tauri.' }],
};

const NO_STYLE_ATTRIBUTE = {
  // A style attribute in markup would need a wider Content-Security-Policy; directives go through the CSSOM.
  selector: "SvelteAttribute[key.name='style']",
  message: 'Use a class or a style: directive.',
};
/** One key handler for the window: what it does not know is missing in the palette and in the sheet of keys. */
const KEYS_ARE_COMMANDS = [
  "SvelteElement[name.name=/^svelte:(window|document|body)$/] SvelteAttribute[key.name=/^onkey/]",
  "SvelteElement[name.name=/^svelte:(window|document|body)$/] SvelteShorthandAttribute[key.name=/^onkey/]",
  "CallExpression[callee.property.name='addEventListener'][arguments.0.value=/^key/]",
].map((selector) => ({ selector, message: 'Register a command instead (src/lib/commands).' }));

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
      'no-restricted-syntax': ['error', NO_STYLE_ATTRIBUTE, ...KEYS_ARE_COMMANDS],
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
    // The one handler, and the one that sends typing to its field.
    files: ['src/App.svelte', 'src/features/chat/Chat.svelte'],
    rules: { 'no-restricted-syntax': ['error', NO_STYLE_ATTRIBUTE] },
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
