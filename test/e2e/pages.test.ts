import { describeWith, type Need } from '../support/needs.js'
import { readPage, readPages, type Block } from '../support/pages.js'
import { holdfastCommandsOf } from '../support/shell-words.js'
import { makeMachine, type Machine } from './machine.js'
import { manyDatabases } from './page-scenes-databases.js'
import { nasOffsite } from './page-scenes-nas.js'
import { composeShop, lostNotes, sqliteNotes, type Scene, type Stage, type Trial } from './page-scenes.js'
import { startDockerOfItsOwn, type DockerOfItsOwn } from '../support/docker.js'

// The pages are run as they stand: their files are written, their commands are typed, in their order, by nobody who knows better.

const LIMIT_MS = 400_000
const NEEDS: readonly Need[] = ['built', 'temporal', 'docker', 'postgres', 'mariadb', 'sshd', 'root']

const walks: Readonly<Record<string, Scene>> = {
  'docs/getting-started.md': composeShop,
  'docs/cases/compose-postgres.md': composeShop,
  'docs/cases/sqlite.md': sqliteNotes,
  'docs/cases/nas-offsite.md': nasOffsite,
  'docs/cases/many-databases.md': manyDatabases,
  'docs/restore.md': lostNotes,
}

test('every page that says that it is run is run here', () => {
  const runnable = readPages().filter(({ blocks }) => blocks.some(({ kind }) => kind === 'sh run'))

  expect(runnable.map(({ path }) => path).toSorted()).toEqual(Object.keys(walks).toSorted())
})

describeWith(NEEDS, 'the pages of the documentation', () => {
  let docker: DockerOfItsOwn
  let machine: Machine | undefined
  const endings: (() => Promise<void>)[] = []

  beforeAll(async () => {
    // `init` looks at all that Docker has: that of other tests is none of its business.
    docker = await startDockerOfItsOwn()
  }, LIMIT_MS)
  afterEach(async () => {
    await machine?.dispose()
    for (const end of endings.splice(0)) await end()
    await docker.clean()
    await removeVolumes(docker)
  }, LIMIT_MS)
  afterAll(() => docker.stop(), LIMIT_MS)

  test.each(Object.entries(walks))(
    '%s can be followed from its first command to its last',
    async (path, scene) => {
      machine = await makeMachine({ ...docker.environment, ...scene.environment }, scene.folders)
      const stage: Stage = { machine, docker, afterwards: (work) => void endings.push(work) }
      await scene.prepare(stage)
      const judged: Trial[] = []

      for (const block of untilLastRun(readPage(path).blocks)) {
        if (block.file !== undefined) await machine.writeFile(block.file, block.text)
        if (block.kind !== 'sh run') continue
        const trials = trialsOf(block, scene)
        for (const trial of trials) await trial.damage(stage)
        const { code, stdout, stderr } = await machine.run(block.text)
        if (code !== (block.exitCode ?? 0))
          throw new Error(`${block.place} ended with ${code}:\n${block.text}\n${stdout}\n${stderr}`)
        for (const trial of trials) expect(await trial.look(stage)).toEqual(trial.expected)
        judged.push(...trials)
      }

      expect(judged).toEqual(expect.arrayContaining([scene, ...Object.values(scene.parts ?? {})]))
    },
    LIMIT_MS,
  )
})

/** What stands below the last commands is another way to the same end. */
const untilLastRun = (blocks: readonly Block[]): readonly Block[] =>
  blocks.slice(0, blocks.findLastIndex(({ kind }) => kind === 'sh run') + 1)

/** The trials of the commands in a block: each that replaces all the data of a plan, and those that the scene names. */
function trialsOf({ text }: Block, scene: Scene): readonly Trial[] {
  const trials = holdfastCommandsOf(text).flatMap((words) => {
    const part = scene.parts?.[words.filter((word) => word !== 'ID').join(' ')]
    return part !== undefined ? [part] : replacesAll(words) ? [scene] : []
  })
  return [...new Set(trials)]
}

const replacesAll = ([topic, verb, ...rest]: readonly string[]): boolean =>
  topic === 'backup' && verb === 'restore' && !rest.some((word) => /^--(dry-run|source|to)$/.test(word))

async function removeVolumes({ docker }: DockerOfItsOwn): Promise<void> {
  const { Volumes } = await docker.listVolumes()
  for (const { Name } of Volumes) await docker.getVolume(Name).remove({ force: true })
}
