import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const assemblyScript = ['assembly/**/*.ts', 'examples/*/assembly/**/*.ts'];

const deviceSyntax = [
  { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
  { selector: 'ThrowStatement', message: 'A throw is a trap, a trap is a reboot: return a Status.' },
  { selector: 'ArrowFunctionExpression', message: 'No closures on the device.' },
  { selector: 'TryStatement', message: 'AssemblyScript has no exceptions.' },
];

/** An app has objects by `place`, with parts and byte areas; addresses are the SDK's. */
const appSyntax = [
  {
    selector: 'CallExpression[callee.name=/^(changetype|load|store)$/]',
    message: 'An app places objects, and calls them.',
  },
  {
    selector: 'MemberExpression[object.name="memory"][property.name="data"]',
    message: 'An app has memory by place<T>(), in a class with @bytes.',
  },
];

/** Files with a function that is longer than the rule allows: tables of commands or codes, and exports of a module. None is to be added. */
const longFunctions = [
  'board/board.ts',
  'cellular/nas/emm.ts',
  'cli/commands/platform/devices.ts',
  'cli/story.ts',
  'cloud/aws/signature-check.ts',
  'kit/{aka,lwm2m}.ts',
  'modem/commands/{context,general,sim}.ts',
  'modem/quectel/{device,tls}.ts',
  'sim/files.ts',
].map((file) => `host/${file}`);

export default tseslint.config(
  { ignores: ['build/', 'dist/', 'node_modules/', 'coverage/'] },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    rules: {
      'no-restricted-syntax': ['error', { selector: 'ExportDefaultDeclaration', message: 'Export by name.' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  { files: ['**/*.d.ts'], rules: { '@typescript-eslint/no-extraneous-class': 'off' } },
  { files: ['*.config.{js,ts}'], rules: { 'no-restricted-syntax': 'off' } },
  {
    files: ['tools/**/*.mjs', 'bench/**/*.mjs', 'test/**/*.mjs', 'examples/*/*.mjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        Buffer: 'readonly',
        Request: 'readonly',
        fetch: 'readonly',
        AbortSignal: 'readonly',
        WebAssembly: 'readonly',
      },
    },
  },
  {
    // A test that is not run is one whose programs are missing, and it is counted: test/peers.ts.
    files: ['test/**/*.ts', 'examples/*/test/*.ts'],
    ignores: ['test/peers.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Export by name.' },
        {
          selector:
            'MemberExpression[object.name=/^(describe|it|test)$/][property.name=/^(skip|only|todo|skipIf|runIf|fails)$/]',
          message: 'Every test runs; one that needs a program is of withPrograms (test/peers.ts).',
        },
      ],
    },
  },
  {
    files: ['host/**/*.ts'],
    ignores: longFunctions,
    rules: { 'max-lines-per-function': ['error', { max: 70, skipBlankLines: true, skipComments: true }] },
  },
  {
    // AssemblyScript: TypeScript's grammar with decorators on functions and its own number types.
    files: assemblyScript,
    languageOptions: { parserOptions: { errorOnUnknownASTType: false, allowInvalidAST: true } },
    rules: {
      'no-undef': 'off',
      'no-unused-vars': 'off',
      'no-loss-of-precision': 'off',
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['**/host/**'], message: 'assembly/ never imports from host/.' }] },
      ],
      'no-restricted-syntax': ['error', ...deviceSyntax],
      eqeqeq: 'off',
      'prefer-const': 'off',
      '@typescript-eslint/no-unsafe-function-type': 'off',
      '@typescript-eslint/no-extraneous-class': 'off',
      '@typescript-eslint/no-namespace': 'off',
      '@typescript-eslint/prefer-literal-enum-member': 'off',
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-wrapper-object-types': 'off',
    },
  },
  {
    files: ['examples/*/assembly/**/*.ts'],
    rules: { 'no-restricted-syntax': ['error', ...deviceSyntax, ...appSyntax] },
  },
);
