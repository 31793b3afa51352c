import type { ValidateFunction } from 'ajv/dist/2020.js'
import { readFileSync, readdirSync } from 'node:fs'
import { createRequire } from 'node:module'
import { parse } from 'yaml'
import { validatorOf, type SchemaName } from '../../schemas/validators.js'
import { SCHEMA_NAMES } from '../../tools/generated-schemas.js'
import { manifest } from '../fakes/backups.js'
import { describeWith } from '../support/needs.js'

const examples = new URL('../../examples/', import.meta.url)
const read = (path: string) => parse(readFileSync(new URL(path, examples), 'utf8')) as object
const at = '2026-03-01T01:30:00.000Z'
const { items, holds: _holds, versions: _versions, planText: _text, planSha256: _sha, ...head } = manifest()

/** Of each schema some that are as they should be. */
const documents: Readonly<Record<SchemaName, readonly object[]>> = {
  plan: readdirSync(new URL('plans/', examples)).map((name) => read(`plans/${name}`)),
  config: [read('holdfast.yaml')],
  manifest: [manifest()],
  'encrypted-manifest': [
    {
      ...head,
      encryption: { scheme: 'tink-aes256-gcm-hkdf-1mib', keyIds: ['0123456789abcdef'] },
      items: items.map(({ source, type, isConsistent, notCapturedCounts, objects }) => ({
        ...{ source, type, isConsistent, notCapturedCounts, plainBytes: 1, count: 1 },
        objects: objects.map(({ name, kind, storedBytes, storedSha256 }) => ({
          ...{ name, kind, storedBytes, storedSha256 },
        })),
      })),
      downtimeMs: 0,
      sealed: 'AAAA',
    },
  ],
  mark: [{ format: 'holdfast.mark/1', backupId: head.id, site: 'home', host: 'nas', at, kind: 'pinned' }],
  'journal-entry': [
    {
      entryVersion: 1,
      ...{ service: 'docker:web', stateBefore: 'running', mode: 'stop', lease: 'read' },
      ...{ stopRequestedAt: at, stopTimeoutMs: 1000, bootId: 'this boot' },
      guard: { workflowId: 'guard/nas/docker:web', runId: '1' },
    },
  ],
}

describeWith(['built'], 'the checks of schemas that the build writes', () => {
  const require = createRequire(import.meta.url)
  const built = (name: SchemaName) => require(`../../dist/schemas/${name}.validator.cjs`) as ValidateFunction
  const mistakesOf = (validate: ValidateFunction, document: object) =>
    validate(document) ? [] : (validate.errors ?? [])

  test.each(SCHEMA_NAMES)('find in a %s what compiled ones find', (name) => {
    const found = documents[name].flatMap((document) =>
      Object.keys(document).map((key) => {
        const changed = { ...document, [key]: { surprise: [1] } }
        const mistakes = mistakesOf(validatorOf(name), changed)
        expect(mistakesOf(built(name), changed)).toEqual(mistakes)
        return mistakes.length
      }),
    )

    expect(found.filter((count) => count > 0).length).toBeGreaterThan(found.length / 2)
  })

  test.each(SCHEMA_NAMES)('find nothing in a %s that is as it should be', (name) => {
    for (const document of documents[name]) expect(mistakesOf(built(name), document)).toEqual([])
  })
})
