import tseslint from 'typescript-eslint'

const worldImports = [
  'fs',
  'path',
  'os',
  'crypto',
  'child_process',
  'net',
  'stream',
  'timers',
  'url',
  'util',
  'zlib',
]
  .flatMap((name) => [name, `node:${name}`, `node:${name}/promises`])
  .map((name) => ({ name, message: 'core and workflows are pure: they run in the workflow sandbox.' }))

export default tseslint.config(
  { ignores: ['dist/**', 'node_modules/**', 'coverage/**', '**/*.js', '**/*.mjs', '**/*.cjs'] },
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      // A type and the TypeBox value it comes from share one name, on purpose.
      '@typescript-eslint/no-redeclare': 'off',
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Time is a parameter: take a clock.',
        },
        {
          selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
          message: 'Time is a parameter: take a clock.',
        },
        {
          selector: "MemberExpression[object.name='process'][property.name='env']",
          message: 'The environment is a parameter.',
        },
      ],
    },
  },
  // Workflows ask Temporal for the time: `Date` is its clock there.
  {
    files: ['worker/**', 'server/**', 'cli/**', 'workflows/**', 'test/**', 'bench/**', 'tools/**'],
    rules: { 'no-restricted-syntax': 'off' },
  },
  {
    files: ['core/**', 'workflows/**'],
    rules: { 'no-restricted-imports': ['error', { paths: worldImports }] },
  },
  { files: ['bench/**', 'tools/**', 'cli/**'], rules: { 'no-console': 'off' } },
)
