// Ten of ESLint's core rules: some that look at one node, some that follow scopes and code paths.
export default [
  { linterOptions: { reportUnusedDisableDirectives: 'off' } },
  {
    files: ['**/*.js', '**/*.mjs', '**/*.cjs'],
    languageOptions: { ecmaVersion: 'latest' },
    rules: {
      'array-callback-return': 'error',
      'consistent-return': 'error',
      'getter-return': 'error',
      'no-const-assign': 'error',
      'no-fallthrough': 'error',
      'no-undef': 'error',
      'no-unreachable': 'error',
      'no-unused-vars': 'error',
      'prefer-const': 'error',
      'require-atomic-updates': 'error',
    },
  },
  { files: ['**/*.js', '**/*.cjs'], languageOptions: { sourceType: 'commonjs' } },
];
