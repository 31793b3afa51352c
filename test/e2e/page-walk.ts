import { startDockerOfItsOwn, type DockerOfItsOwn } from '../support/docker.js'
import { describeWith, type Need } from '../support/needs.js'
import { readPage, type Block } from '../support/pages.js'
import { holdfastCommandsOf } from '../support/shell-words.js'
import { makeMachine, type Machine } from './machine.js'
import type { Scene, Stage, Trial } from './page-scenes.js'

const LIMIT_MS = 600_000
const NEEDS: readonly Need[] = ['built', 'temporal', 'docker', 'postgres', 'mariadb', 'sshd', 's3', 'root']

/**
 * Tests that run pages as they stand: their files are written, their commands are typed, in their order, by nobody who knows
 * better.
 * @param walks by the path of the page
 */
export function walkPages(walks: Readonly<Record<string, Scene>>): void {
  describeWith(NEEDS, 'the pages of the documentation', () => {
    let docker: DockerOfItsOwn
    let machines: Machine[] = []
    const endings: (() => Promise<void>)[] = []

    beforeAll(async () => {
      // `init` looks at all that Docker has: that of other tests is none of its business.
      docker = await startDockerOfItsOwn()
    }, LIMIT_MS)
    afterEach(async () => {
      for (const machine of machines) await machine.dispose()
      for (const end of endings.splice(0)) await end()
      await docker.clean()
      await removeVolumes(docker)
    }, LIMIT_MS)
    afterAll(() => docker.stop(), LIMIT_MS)

    async function setUp(scene: Scene): Promise<Stage> {
      machines = []
      for (const hostName of scene.hosts ?? [undefined]) {
        const environment = { ...docker.environment, ...scene.environment }
        machines.push(await makeMachine({ environment, folders: scene.folders, hostName }))
      }
      const [machine, ...others] = machines
      if (machine === undefined) throw new Error('The scene has no hosts.')
      const stage = {
        machine,
        others,
        docker,
        afterwards: (work: () => Promise<void>) => void endings.push(work),
      }
      await scene.prepare(stage)
      return stage
    }

    test.each(Object.entries(walks))(
      '%s can be followed from its first command to its last',
      async (path, scene) => {
        const stage = await setUp(scene)
        const judged: Trial[] = []

        for (const block of untilLastRun(readPage(path).blocks)) {
          if (block.file !== undefined) await stage.machine.writeFile(block.file, block.text)
          if (block.kind !== 'sh run') continue
          const trials = trialsOf(block, scene)
          for (const trial of trials) await trial.damage(stage)
          for (const machine of block.isForEachHost ? machines : [stage.machine])
            await runBlock(machine, block)
          for (const trial of trials) expect(await trial.look(stage)).toEqual(trial.expected)
          judged.push(...trials)
        }

        expect(judged).toEqual(expect.arrayContaining([scene, ...Object.values(scene.parts ?? {})]))
      },
      LIMIT_MS,
    )
  })
}

async function runBlock(machine: Machine, block: Block): Promise<void> {
  const { code, stdout, stderr } = await machine.run(block.text)
  if (code !== (block.exitCode ?? 0))
    throw new Error(`${block.place} ended with ${code}:\n${block.text}\n${stdout}\n${stderr}`)
}

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
