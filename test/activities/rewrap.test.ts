import { findDataKey } from '../../activities/keys/data-key.js'
import { findKeysActivities } from '../../activities/find-keys.js'
import { rewrapActivities } from '../../activities/rewrap.js'
import { HoldfastError } from '../../core/errors.js'
import { backupFolder, keysFolder, manifestCodeName, manifestName } from '../../core/ids.js'
import type { RewrapInput } from '../../core/rotation-steps.js'
import { activityEnvironment, runActivity } from '../fakes/activity.js'
import { runObject } from '../fakes/backups.js'
import type { FakeDestination } from '../fakes/destination.js'
import { storeEncryptedBackup } from '../fakes/encrypted-backups.js'
import { fakeKeys, testKey } from '../fakes/keys.js'
import { fakeTools } from '../fakes/tools.js'

const { signal } = new AbortController()
const [oldKey, newKey, recovery] = [testKey('old'), testKey('new'), testKey('recovery')]
const days = ['01', '02', '03'].map((day) => `2026-03-${day}T01:30:00.000Z`)
const input: RewrapInput = {
  ...{ site: 'home', plan: 'shop', destination: 'disk' },
  from: { name: 'old', keyId: oldKey.id },
  to: { name: 'new', keyId: newKey.id },
}

/** Three backups of one plan, encrypted for the old key and for one that stays. */
async function world() {
  const tools = fakeTools({ keys: fakeKeys(['old', 'new']) })
  const disk = tools.world.destinations['disk']!
  const backups: { id: string; dataKey: Buffer }[] = []
  for (const at of days) backups.push(await storeEncryptedBackup(disk, ['old', 'recovery'], { at }))
  const { rewrap } = rewrapActivities(tools)
  return {
    ...{ tools, disk, backups },
    ids: backups.map(({ id }) => id),
    rewrap: (changes: Partial<RewrapInput> = {}) => runActivity(rewrap, { ...input, ...changes }),
    uses: () => runActivity(findKeysActivities(tools).findKeyUses, { keyIds: [oldKey.id] }),
  }
}

const wrapOf = (id: string, key = oldKey) => `${keysFolder('shop', id)}${key.id}.json`
const wrapsOf = (disk: FakeDestination, id: string) =>
  [...disk.objects.keys()].filter((name) => name.startsWith(keysFolder('shop', id)))
const opened = (destination: FakeDestination, backupId: string, keys = [newKey]) =>
  findDataKey({ destination, plan: 'shop', backupId }, keys, signal)

test('the new key opens what the old one opened, the old one nothing, and all else stays byte for byte', async () => {
  const { disk, backups, rewrap, uses } = await world()
  const isWrap = ([name]: readonly [string, unknown]) => name.includes(oldKey.id) || name.includes(newKey.id)
  const before = [...disk.objects].filter((object) => !isWrap(object))

  const report = await rewrap()

  expect(report).toEqual({ rewrapped: 3, left: 0, problems: [] })
  for (const { id, dataKey } of backups) {
    expect(wrapsOf(disk, id).sort()).toEqual([wrapOf(id, newKey), wrapOf(id, recovery)].sort())
    expect(await opened(disk, id)).toEqual(dataKey)
    expect(await opened(disk, id, [recovery])).toEqual(dataKey)
    expect(await opened(disk, id, [oldKey])).toBeUndefined()
  }
  expect([...disk.objects].filter((object) => !isWrap(object))).toEqual(before)
  expect((await uses()).uses).toEqual([])
})

test('lists and backups name the keys that open them now, whatever their manifests say', async () => {
  const { tools, rewrap, ids } = await world()
  await rewrap()

  const { backups } = await tools.catalog.list({}, signal)
  const located = await tools.catalog.find({ backupId: ids[0]! }, signal)

  const wanted = [newKey.id, recovery.id].sort()
  expect(backups.map(({ keyIds }) => keyIds)).toEqual([wanted, wanted, wanted])
  expect(located.keyIds).toEqual(wanted)
  expect(located.manifest.encryption?.keyIds).toEqual([oldKey.id, recovery.id])
})

test('whenever its worker is killed, every backup can be opened, and another attempt goes on from its heartbeat', async () => {
  const { length } = await callsOfAll()
  expect(length).toBeGreaterThan(15)

  for (let survived = 0; survived < length; survived++) {
    const { disk, backups, tools } = await world()
    const end = dyingAfter(disk, survived)
    const heartbeats: unknown[] = []
    const first = activityEnvironment()
    first.on('heartbeat', (details) => heartbeats.push(details))
    await expect(first.run(rewrapActivities(tools).rewrap, input)).rejects.toThrow()
    end()

    for (const { id, dataKey } of backups) expect(await opened(disk, id, [newKey, oldKey])).toEqual(dataKey)
    const heartbeatDetails = structuredClone(heartbeats.at(-1))
    const second = activityEnvironment({ heartbeatDetails, attempt: 2 })
    const report = await second.run(rewrapActivities(tools).rewrap, input)

    expect(report).toEqual({ rewrapped: 3, left: 0, problems: [] })
    for (const { id, dataKey } of backups) {
      expect(await opened(disk, id)).toEqual(dataKey)
      expect(disk.objects.has(wrapOf(id))).toBe(false)
    }
  }
})

async function callsOfAll(): Promise<readonly string[]> {
  const { disk, rewrap } = await world()
  disk.calls.length = 0
  await rewrap()
  return [...disk.calls]
}

/** Nothing reaches the destination any more after so many calls: as if the process had died. */
function dyingAfter(disk: FakeDestination, calls: number): () => void {
  let done = 0
  disk.failOn = () => (done++ < calls ? undefined : new Error('killed'))
  return () => delete disk.failOn
}

test('what an attempt before has done is counted', async () => {
  const { tools } = await world()
  const environment = activityEnvironment({ heartbeatDetails: { rewrapped: 4 }, attempt: 2 })

  expect(await environment.run(rewrapActivities(tools).rewrap, input)).toMatchObject({ rewrapped: 7 })
})

test('who reads in the middle of a rotation finds the one key or the other', async () => {
  const { disk, backups, rewrap, ids } = await world()
  const [{ id, dataKey }] = backups as [(typeof backups)[number]]
  // Looks for the new key, which is not there yet; then all is rotated; then it looks for the old one.
  let isRotated = false
  const reader: FakeDestination = {
    ...disk,
    get: async (name, options) => {
      if (name === wrapOf(id) && !isRotated) {
        isRotated = true
        await rewrap()
      }
      return disk.get(name, options)
    },
  }

  expect(await opened(reader, id, [newKey, oldKey])).toEqual(dataKey)
  expect(isRotated && ids.every((one) => !disk.objects.has(wrapOf(one)))).toBe(true)
})

test.each([
  ['a new wrap that does not open', 'not a wrap'],
  ['a new wrap of another data key', 'other'],
] as const)('%s keeps the old one, is named, and keeps no other backup from its turn', async (_, what) => {
  const { disk, rewrap, ids, backups } = await world()
  const [first = '', second = ''] = ids
  const foreign = await newKey.wrap(
    Buffer.alloc(32, 7),
    Buffer.from(JSON.stringify(['holdfast dek 1', first, newKey.id])),
  )
  const wrap = {
    ...{ format: 'holdfast.key/1', keyId: newKey.id, nonce: foreign.nonce.toString('base64') },
    ciphertext: foreign.ciphertext.toString('base64'),
  }
  disk.write(wrapOf(first, newKey), what === 'other' ? JSON.stringify(wrap) : what)

  const report = await rewrap()

  expect(report).toMatchObject({ rewrapped: 2, left: 1 })
  expect(report.problems[0]).toContain(first)
  expect(await opened(disk, first, [oldKey])).toEqual(backups[0]!.dataKey)
  expect(disk.objects.has(wrapOf(second))).toBe(false)
})

test('an old wrap that was changed stays, and is named', async () => {
  const { disk, rewrap, ids } = await world()
  disk.damage(wrapOf(ids[1]!), 100)

  const report = await rewrap()

  expect(report).toMatchObject({ rewrapped: 2, left: 1 })
  expect(disk.objects.has(wrapOf(ids[1]!))).toBe(true)
})

test('backups of another site, and of nobody, are counted and not touched', async () => {
  const { disk, rewrap, uses, ids } = await world()
  const foreign = await storeEncryptedBackup(disk, ['old'], { at: '2026-03-09T01:30:00.000Z', site: 'cabin' })
  const nobody = '20260310-013000-shop-7f3a2c'
  disk.write(wrapOf(nobody), disk.text(wrapOf(ids[0]!)))

  const before = await uses()
  const report = await rewrap()

  expect(before.uses).toMatchObject([{ plan: 'shop', destination: 'disk', own: 3, others: 2 }])
  expect(report).toEqual({ rewrapped: 3, left: 0, problems: [] })
  expect(wrapsOf(disk, foreign.id)).toEqual([wrapOf(foreign.id)])
  expect(wrapsOf(disk, nobody)).toEqual([wrapOf(nobody)])
  expect((await uses()).uses).toMatchObject([{ own: 0, others: 2 }])
})

test('what never became a backup is wrapped anew, too: a copy that was cut off is finished some day', async () => {
  const { disk, rewrap, ids } = await world()
  const [id = ''] = ids
  disk.objects.delete(manifestName('shop', id))
  disk.objects.delete(manifestCodeName('shop', id))
  disk.write(
    `${backupFolder('shop', id)}run.json`,
    runObject({ site: 'home', run: { workflowId: 'b', runId: 'r' } }),
  )

  expect(await rewrap()).toMatchObject({ rewrapped: 3 })
  expect(await opened(disk, id)).toBeDefined()
})

test('where nothing may be deleted, each backup gets its new wrap and keeps the old, and that is said', async () => {
  const { disk, rewrap, ids } = await world()
  disk.failOn = (call) =>
    call.startsWith('delete') ? new HoldfastError('destination.denied', 'Nothing may be deleted.') : undefined

  const report = await rewrap()

  expect(report).toMatchObject({ rewrapped: 0, left: 3 })
  expect(report.problems).toHaveLength(3)
  for (const id of ids) expect(await opened(disk, id)).toBeDefined()
})

test('a destination that is away is no matter of one backup: it is tried again', async () => {
  const { disk, rewrap } = await world()
  disk.failOn = (call) =>
    call.startsWith('put') ? new HoldfastError('destination.unavailable', 'Away.') : undefined

  await expect(rewrap()).rejects.toMatchObject({ code: 'destination.unavailable' })
})

test('a key that is another one than when the rotation began changes nothing', async () => {
  const { disk, rewrap } = await world()
  const before = [...disk.objects.keys()]

  await expect(rewrap({ to: { name: 'new', keyId: recovery.id } })).rejects.toMatchObject({
    code: 'key.invalid',
  })
  expect([...disk.objects.keys()]).toEqual(before)
})

test('a place that cannot be looked at is named, and hides no other', async () => {
  const { tools, disk } = await world()
  disk.failOn = () => new HoldfastError('destination.unavailable', 'It is away.')

  const seen = await runActivity(findKeysActivities(tools).findKeyUses, { keyIds: [oldKey.id] })

  expect(seen).toEqual({
    ...{ host: 'nas', uses: [] },
    problems: ['Destination "disk" of host "nas": It is away.'],
  })
})

test('of keys their ids are told, or what is wrong with them', async () => {
  const { tools } = await world()

  const told = await runActivity(findKeysActivities(tools).tellKeys, ['old', 'absent'])

  expect(told).toEqual([
    { name: 'old', keyId: oldKey.id },
    { name: 'absent', problem: 'There is no key "absent".' },
  ])
})

test('old versions that a store keeps of deleted wraps are counted', async () => {
  const { tools, disk, ids } = await world()
  tools.world.destinations['disk'] = {
    ...disk,
    deletedVersions: async function* () {
      yield* [
        wrapOf(ids[0]!),
        wrapOf(ids[1]!),
        wrapOf(ids[1]!, recovery),
        `${backupFolder('shop', ids[0]!)}run.json`,
      ]
    },
  }

  const seen = await runActivity(findKeysActivities(tools).findKeptWraps, { keyIds: [oldKey.id] })

  expect(seen).toMatchObject({ kept: [{ destination: 'disk', objects: 2 }], problems: [] })
})
