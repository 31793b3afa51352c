import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { Worker, type WorkflowBundle } from '@temporalio/worker'
import { installQuietRuntime } from '../support/test-agent.js'
import { bundleFromSources } from '../support/workflow-bundle.js'

const FOLDER = import.meta.dirname

interface Recorded {
  readonly workflowId: string
  readonly history: unknown
}

const recorded = async (name: string): Promise<Recorded> =>
  JSON.parse(await readFile(join(FOLDER, `${name}.json`), 'utf8')) as Recorded

/** Names of the histories that these workflows would not have had, each with the reason. */
async function refused(bundle: WorkflowBundle, names: readonly string[]): Promise<Record<string, string>> {
  const histories = await Promise.all(names.map(recorded))
  const refusals: Record<string, string> = {}
  const nameOf = (workflowId: string) =>
    names[histories.findIndex((one) => one.workflowId === workflowId)] ?? workflowId
  for await (const { workflowId, error } of Worker.runReplayHistories(
    { workflowBundle: bundle },
    histories,
  )) {
    if (error !== undefined) refusals[nameOf(workflowId)] = error.message
  }
  return refusals
}

const bundleOf = (fixture?: string) =>
  bundleFromSources(...(fixture === undefined ? [] : [join(FOLDER, 'fixtures', fixture)]))

beforeAll(installQuietRuntime)

test('every recorded path of every workflow replays', async () => {
  const names = (await readdir(FOLDER))
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -5))

  const refusals = await refused(await bundleOf(), names)

  expect(names.length).toBeGreaterThan(20)
  expect(refusals).toEqual({})
})

test('a workflow that was changed without patched() is refused', async () => {
  const refusals = await refused(await bundleOf('changed.ts'), ['backup-ok', 'question'])

  expect(Object.keys(refusals).sort()).toEqual(['backup-ok', 'question'])
  for (const reason of Object.values(refusals)) expect(reason).toMatch(/nondeterminism/i)
})

test('the same change behind patched() is accepted', async () => {
  expect(await refused(await bundleOf('patched.ts'), ['backup-ok'])).toEqual({})
})
