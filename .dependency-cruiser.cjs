/** Folders are layers; this is the table of CONTRIBUTING.md, "Who may import whom". */
const layers = [
  'schemas',
  'core',
  'plan',
  'site',
  'workflows',
  'activities',
  'temporal',
  'worker',
  'operations',
  'cli',
]

/** What each layer may import of ours, and what it may import as types only. */
const table = {
  schemas: { may: [] },
  core: { may: ['schemas'] },
  plan: { may: ['schemas', 'core'] },
  site: { may: ['schemas', 'core', 'plan'] },
  workflows: { may: ['core'], types: ['schemas', 'activities'] },
  activities: { may: ['schemas', 'core'], types: ['workflows'] },
  temporal: { may: ['schemas', 'core'] },
  worker: { may: ['schemas', 'core', 'plan', 'site', 'temporal', 'activities'], types: ['workflows'] },
  operations: { may: ['schemas', 'core', 'plan', 'site', 'temporal'], types: ['workflows', 'activities'] },
  cli: { may: ['schemas', 'core', 'site', 'plan', 'operations', 'worker'] },
}

const pathOf = (names) => (names.length === 0 ? '^$' : `^(${names.join('|')})/`)

const layerRules = layers.flatMap((layer) => {
  const { may, types = [] } = table[layer]
  const others = layers.filter((name) => name !== layer && !may.includes(name))
  return [
    {
      name: `${layer}-imports`,
      severity: 'error',
      from: { path: `^${layer}/` },
      to: { path: pathOf(others.filter((name) => !types.includes(name))) },
    },
    {
      name: `${layer}-imports-types-only`,
      severity: 'error',
      from: { path: `^${layer}/` },
      to: { path: pathOf(types), dependencyTypesNot: ['type-only'] },
    },
  ]
})

module.exports = {
  forbidden: [
    ...layerRules,
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'product-knows-no-tests',
      severity: 'error',
      from: { path: pathOf(layers) },
      to: { path: '^(test|bench|tools)/' },
    },
    {
      name: 'pure-layers-know-no-node',
      comment: 'core and workflows run in the workflow sandbox.',
      severity: 'error',
      from: { path: '^(core|workflows)/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'drivers-know-no-siblings',
      comment: 'A driver knows its contract; what two of them need is a module of its own.',
      severity: 'error',
      from: {
        path: '^activities/(sources|services|destinations)/([a-z-]+)\\.ts$',
        pathNot: '/(registry|driver)\\.ts$',
      },
      to: {
        path: '^activities/$1/(files|volume|postgres|mysql|sqlite|docker|command|local|s3|sftp|plugin)\.ts$',
        pathNot: '^activities/$1/$2\\.ts$',
      },
    },
    {
      name: 'nouns-know-no-verbs',
      comment: 'A file of activities/ is a verb, a folder is machinery that verbs use.',
      severity: 'error',
      from: { path: '^activities/[a-z-]+/' },
      to: {
        path: '^activities/(capture|expire|hold|index|lease|list|preflight|publish|restore|verify)\\.ts$',
      },
    },
    {
      name: 'sources-know-services-as-shells',
      severity: 'error',
      from: { path: '^activities/sources/' },
      to: { path: '^activities/services/', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^(dist|node_modules)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types'],
    },
  },
}
