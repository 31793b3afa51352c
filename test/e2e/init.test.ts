import { execa } from 'execa'
import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Examination } from '../../operations/doctor/doctor.js'
import type { BackupRunResult } from '../../core/work/runs.js'
import { startDockerOfItsOwn, type DockerOfItsOwn } from '../support/docker.js'
import { describeWith } from '../support/needs.js'
import { until } from '../support/until.js'

// A machine with three made-up Compose projects, as somebody who has never seen Holdfast would meet it.

const program = join(import.meta.dirname, '..', '..', 'bin', 'run.js')
const SECRET = 'canary-of-an-environment'
const LIMIT_MS = 240_000

describeWith(['built', 'temporal', 'docker', 'postgres', 'root'], 'from nothing to a first backup', () => {
  let docker: DockerOfItsOwn
  let folder: string
  let shop: string

  beforeAll(async () => {
    // What other tests have in theirs is none of its business.
    docker = await startDockerOfItsOwn()
    folder = await mkdtemp(join(tmpdir(), 'holdfast-init-e2e-'))
    const own = folder.slice(-6).toLowerCase()
    shop = `shop-${own}`
    await mkdir(join(folder, 'notes'))
    await execa('sqlite3', [
      join(folder, 'notes', 'notes.db'),
      'create table t (n); insert into t values (1)',
    ])
    await writeFile(join(folder, 'notes', 'photo.jpg'), 'a photo')
    await service(`${shop}`, 'db', {
      image: await docker.postgresImage(),
      // As the official image does it: whoever is inside needs no password.
      command: [
        '/bin/sh',
        '-c',
        'sed s/scram-sha-256/trust/ /entry.sh >/tmp/entry.sh; exec /bin/sh /tmp/entry.sh',
      ],
      binds: [`${shop}_pg:/var/lib/postgresql`],
      variables: [`POSTGRES_PASSWORD=${SECRET}`],
    })
    await service(shop, 'web', { binds: [`${shop}_uploads:/data`] })
    await service(`notes-${own}`, 'app', { binds: [`${join(folder, 'notes')}:/data`] })
    await service(`proxy-${own}`, 'proxy', { binds: [] })
  }, LIMIT_MS)

  afterAll(async () => {
    await holdfast('down')
    await docker.stop()
    await rm(folder, { recursive: true, force: true })
  }, LIMIT_MS)

  interface Wanted {
    readonly image?: string
    readonly command?: string[]
    readonly binds: string[]
    readonly variables?: string[]
  }

  async function service(project: string, name: string, wanted: Wanted): Promise<void> {
    const { container } = await docker.create(wanted.image ?? docker.tinyImage, {
      name: `${project}-${name}-1`,
      Labels: { 'com.docker.compose.project': project, 'com.docker.compose.service': name },
      Env: wanted.variables ?? [],
      ...(wanted.command === undefined ? {} : { Cmd: wanted.command }),
      HostConfig: { Binds: wanted.binds },
    })
    await container.start()
    const isHealthy = async () => (await container.inspect()).State.Health?.Status === 'healthy'
    await until(`${name} is healthy`, isHealthy)
  }

  async function holdfast(...args: string[]) {
    const { exitCode, stdout, stderr } = await execa(process.execPath, [program, ...args], {
      ...{ cwd: folder, reject: false, stdin: 'ignore', timeout: LIMIT_MS },
      env: {
        ...{ NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: '', ...docker.environment },
      },
    })
    return { code: exitCode ?? -1, stdout, stderr }
  }

  /** Not that of this machine. */
  async function ownStateFolder(): Promise<void> {
    const config = await readFile(join(folder, 'holdfast.yaml'), 'utf8')
    await writeFile(join(folder, 'holdfast.yaml'), `${config}stateDir: ${join(folder, 'state')}\n`)
  }

  const json = async <T>(...args: string[]) => JSON.parse((await holdfast(...args, '--json')).stdout) as T

  test(
    'init writes plans that are valid, says what it left out, and no value of an environment',
    async () => {
      const refused = await holdfast('init', '--destination', join(folder, 'backups'))
      const written = await holdfast(
        'init',
        '--destination',
        join(folder, 'backups'),
        '--look-in',
        join(folder, 'notes'),
        '--yes',
      )

      expect(refused.code).toBe(2)
      expect(written).toMatchObject({ code: 0, stderr: '' })
      await ownStateFolder()
      expect(written.stdout).toContain(`${shop}_pg: the files of the database`)
      expect(written.stdout).toMatch(
        /Next:\n {2}holdfast up --detach && holdfast plan apply\n {2}holdfast doctor\n/,
      )
      const names = await readdir(join(folder, 'plans'))
      expect(names).toEqual(expect.arrayContaining([`${shop}.yaml`]))
      const texts = await Promise.all(names.map((name) => readFile(join(folder, 'plans', name), 'utf8')))
      expect([written.stdout, ...texts].join('\n')).not.toContain(SECRET)
      expect(await holdfast('plan', 'validate')).toMatchObject({ code: 0 })
    },
    LIMIT_MS,
  )

  test(
    'init never writes over what is there',
    async () => {
      const before = await readFile(join(folder, 'holdfast.yaml'), 'utf8')

      const again = await holdfast('init', '--yes')

      expect(again.code).toBe(5)
      expect(again.stderr).toContain('holdfast.yaml')
      expect(await readFile(join(folder, 'holdfast.yaml'), 'utf8')).toBe(before)
    },
    LIMIT_MS,
  )

  test(
    'the next commands lead to a good backup, and the doctor finds nothing wrong with it',
    async () => {
      const up = await holdfast('up', '--detach')
      const applied = await holdfast('plan', 'apply')
      const result = await json<BackupRunResult>('backup', 'create', shop)
      const examination = await json<Examination>('doctor')

      expect([up.code, applied.code]).toEqual([0, 0])
      expect(result).toMatchObject({ outcome: 'good', data: 'complete', services: 'ok' })
      const wrong = examination.findings.filter(
        ({ severity, what }) => severity === 'problem' && !what.includes('host-'),
      )
      expect(wrong).toEqual([])
      expect(examination.findings.map(({ area }) => area)).toEqual(
        expect.arrayContaining(['temporal', 'workers', 'schedules', 'plans', 'destinations', 'tools']),
      )
    },
    LIMIT_MS,
  )
})
