import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const deterministic = 'libs/ are deterministic: take it as an argument, or do it in an adapter.';
// Pure where they are used: the SQL parser is PostgreSQL's grammar in WebAssembly and does no I/O once it is loaded; the cache has no clock.
const core = ['zod', 'fast-check', '@jest/globals', 'libpg-query', 'lru-cache'];
const banned = ['process', 'setTimeout', 'setInterval', 'setImmediate', 'fetch', 'performance'];

// Of adapters that have one of their own beside these.
const technologies = [
  ...['@nestjs/*', 'kafkajs', 'pg', 'ioredis', 'classic-level'],
  ...['@hyperledger/*', '@opentelemetry/*'],
];

// Who may import whom. Tags stand in each package.json; docs/architecture.md has the reasons.
const boundaries = {
  enforceBuildableLibDependency: false,
  banTransitiveDependencies: true,
  // What a service must know before it chooses an adapter; the rest of the adapter is loaded when it is chosen.
  checkDynamicDependenciesExceptions: ['^@medrex/[a-z]+/variables$'],
  depConstraints: [
    { sourceTag: 'layer:core', onlyDependOnLibsWithTags: ['layer:core'], allowedExternalImports: core },
    { sourceTag: 'layer:adapter', onlyDependOnLibsWithTags: ['layer:core'] },
    { sourceTag: 'tech:embedded', bannedExternalImports: ['@nestjs/*', 'kafkajs', 'pg', 'ioredis', '@hyperledger/*'] },
    { sourceTag: 'tech:telemetry', bannedExternalImports: ['@nestjs/*', 'kafkajs', 'pg', 'ioredis', 'classic-level'] },
    {
      sourceTag: 'tech:fabric',
      bannedExternalImports: ['@nestjs/*', 'kafkajs', 'pg', 'ioredis', 'classic-level', '@opentelemetry/*'],
    },
    {
      sourceTag: 'tech:nest',
      bannedExternalImports: ['kafkajs', 'pg', 'ioredis', 'classic-level', '@opentelemetry/*'],
    },
    {
      sourceTag: 'tech:postgres',
      bannedExternalImports: ['@nestjs/*', 'kafkajs', 'ioredis', 'classic-level', '@hyperledger/*', '@opentelemetry/*'],
    },
    {
      sourceTag: 'tech:fabric-contract',
      bannedExternalImports: ['@nestjs/*', 'kafkajs', 'pg', 'ioredis', 'classic-level', '@hyperledger/fabric-gateway'],
    },
    { sourceTag: 'tech:ldap', bannedExternalImports: technologies },
    { sourceTag: 'tech:iris', bannedExternalImports: technologies },
    { sourceTag: 'tech:linux', bannedExternalImports: technologies },
    // Its contracts are written for Fabric's API; nothing of that goes into another process.
    { sourceTag: 'app:chaincode', bannedExternalImports: ['@nestjs/*', 'fabric-shim', 'fabric-shim-api'] },
    {
      sourceTag: 'tech:kafka',
      bannedExternalImports: ['@nestjs/*', 'pg', 'ioredis', 'classic-level', '@hyperledger/*', '@opentelemetry/*'],
    },
    {
      sourceTag: 'tech:redis',
      bannedExternalImports: ['@nestjs/*', 'kafkajs', 'pg', 'classic-level', '@hyperledger/*', '@opentelemetry/*'],
    },
    {
      sourceTag: 'layer:app',
      onlyDependOnLibsWithTags: ['layer:core', 'layer:adapter', 'layer:app', 'layer:network'],
      bannedExternalImports: [
        'kafkajs',
        'ioredis',
        'koffi',
        'ldapts',
        'pg',
        'classic-level',
        '@hyperledger/*',
        '@grpc/*',
        'prom-client',
        'pino',
        '@electric-sql/*',
      ],
    },
    // An app by its place, a technology by trade: Fabric's own services, spoken from the network's side.
    { sourceTag: 'layer:network', onlyDependOnLibsWithTags: ['layer:core', 'layer:adapter'] },
    {
      sourceTag: 'tech:devnet',
      allowedExternalImports: [
        '@grpc/grpc-js',
        '@hyperledger/fabric-protos',
        '@peculiar/x509',
        'google-protobuf',
        'google-protobuf/**',
        'pouchdb-selector-core',
        'reflect-metadata',
      ],
    },
    { sourceTag: 'layer:test', onlyDependOnLibsWithTags: ['*'] },
  ],
};

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.nx/**',
      '**/*.generated.*',
      'coverage/**',
      'tmp/**',
      '.medrex/**',
      '.stack/**',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': ['error', boundaries],
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // A class with decorators and no members is how Nest spells a module.
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // Nest declares its option objects as classes
      '@typescript-eslint/require-await': 'off', // an async port method may have nothing to wait for in memory
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
    },
  },
  {
    files: ['libs/*/src/**/*.ts'],
    ignores: ['**/*.test.ts', '**/*.integration.ts', 'libs/*/src/testing/**'],
    rules: {
      'no-restricted-imports': ['error', { patterns: [{ group: ['node:*', '!node:crypto'], message: deterministic }] }],
      'no-restricted-globals': ['error', ...banned.map((name) => ({ name, message: deterministic }))],
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now', message: deterministic },
        { object: 'Math', property: 'random', message: deterministic },
      ],
    },
  },
  {
    // Bodies are packed before they are sealed, which only intake does; no endorser ever runs it.
    files: ['libs/privacy/src/packed-body.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { patterns: [{ group: ['node:*', '!node:crypto', '!node:zlib'], message: deterministic }] },
      ],
    },
  },
  {
    files: ['**/*.test.ts', '**/*.integration.ts', '**/testing/**/*.ts', 'test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      '@nx/enforce-module-boundaries': 'off', // tests may reach for any project of the house
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['apps/*/src/**/*.ts'],
    ignores: ['apps/chaincode/**', '**/*.test.ts', '**/*.integration.ts', '**/testing/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [{ group: ['fabric-contract-api', 'fabric-shim*'], message: 'Contracts live in apps/chaincode.' }],
        },
      ],
    },
  },
  {
    // Where objects come and go with connections and questions.
    files: [
      'apps/pg-proxy/src/{session,login,cache,upstream,admin}/**/*.ts',
      'libs/{pg-wire,pool,cache,sql}/src/**/*.ts',
      'adapters/{iris,linux}/src/**/*.ts',
    ],
    ignores: ['**/*.test.ts', '**/*.integration.ts', '**/testing/**'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector:
            'AssignmentExpression[left.type="MemberExpression"] > :matches(ArrowFunctionExpression, FunctionExpression).right',
          message:
            'V8 makes such a function old at once, and all that it refers to outlives every young collection: name it first.',
        },
      ],
    },
  },
  {
    files: ['**/*.mjs', '**/*.cjs', '**/*.js'],
    extends: [tseslint.configs.disableTypeChecked],
  },
);
