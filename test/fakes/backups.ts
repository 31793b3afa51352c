import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Item, Manifest, StoredObject } from '../../core/backup.js'
import { backupFolder, backupIdOf, manifestName, runObjectName } from '../../core/ids.js'
import type { FakeDestination } from './destination.js'

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex')

export const plainObject = (name: string, content: string): StoredObject => ({
  name,
  kind: 'tar',
  plainBytes: Buffer.byteLength(content),
  plainSha256: sha256(content),
  storedBytes: Buffer.byteLength(content),
  storedSha256: sha256(content),
})

export const item = (changes: Partial<Item> = {}): Item => ({
  source: 'uploads',
  type: 'files',
  spec: { type: 'files', paths: ['/srv/shop/uploads'] },
  stages: [],
  objects: [plainObject('uploads_20260301_013000.tar', 'the files')],
  counts: { files: 1 },
  notCaptured: [],
  notCapturedCounts: {},
  isConsistent: true,
  startedAt: '2026-03-01T01:30:01.000Z',
  completedAt: '2026-03-01T01:30:02.000Z',
  hints: {},
  tools: {},
  ...changes,
})

/** A manifest as the publisher writes it; its id and times follow from `at`. */
export function manifest({
  at = '2026-03-01T01:30:00.000Z',
  ...changes
}: Partial<Manifest> & { at?: string } = {}): Manifest {
  const takenAt = new Date(at)
  const plan = changes.plan ?? 'shop'
  return {
    format: 'holdfast.manifest/1',
    id: backupIdOf(takenAt, plan, '7f3a2c'),
    site: 'home',
    plan,
    host: { name: 'nas', os: 'linux', architecture: 'x64' },
    versions: { holdfast: '0.1.0' },
    run: { workflowId: 'backup/shop/1', runId: 'run-1' },
    takenAt: takenAt.toISOString(),
    completedAt: new Date(takenAt.getTime() + 60_000).toISOString(),
    verdicts: { data: 'complete', services: 'ok' },
    tolerate: ['vanished'],
    holds: [],
    items: [item()],
    planText: 'plan: shop\n',
    planSha256: sha256('plan: shop\n'),
    ...changes,
  }
}

/** Puts a whole backup at the destination: run, objects (whose content is `the files`), manifest. */
export function storeBackup(
  destination: FakeDestination,
  changes: Parameters<typeof manifest>[0] = {},
): Manifest {
  const stored = manifest(changes)
  const folder = backupFolder(stored.plan, stored.id)
  destination.write(runObjectName(stored.plan, stored.id), runObject(stored))
  for (const { objects, stages } of stored.items)
    for (const { name } of objects)
      destination.write(`${folder}${name}`, stages[0] === 'gzip' ? gzipSync('the files') : 'the files')
  destination.write(manifestName(stored.plan, stored.id), JSON.stringify(stored))
  return stored
}

export const runObject = ({ site, run }: Pick<Manifest, 'site' | 'run'>): string =>
  `${JSON.stringify({ format: 'holdfast.run/1', site, host: 'nas', run })}\n`
