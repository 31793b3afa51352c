import { execa } from 'execa'
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { stringify } from 'yaml'
import { SCRIPTS, SHELLS, type Shell } from '../../../cli/completion/scripts.js'
import { describeWith } from '../../support/needs.js'

// Real shells ask the real program, which finds its configuration from the folder that they are in.

const program = join(import.meta.dirname, '..', '..', '..', 'bin', 'run.js')
const LIMIT_MS = 60_000

/** Lets a shell complete a line, and prints what it would offer. The last word is what is typed so far. */
const ASK: Readonly<Record<Shell, (words: readonly string[]) => readonly string[]>> = {
  bash: (words) => [
    '--norc',
    '-c',
    'source "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _holdfast; printf "%s\\n" "${COMPREPLY[@]}"',
    'completion.bash',
    ...words,
  ],
  // Outside of its line editor zsh has none of these: they print what they are given.
  zsh: (words) => [
    '-f',
    '-c',
    'compdef() { : }; _describe() { print -l -- "${(@P)3}" }; _files() { print files }; source "$0"; words=("$@"); CURRENT=$#; _holdfast',
    './completion.zsh',
    ...words,
  ],
  fish: (words) => ['--no-config', '-c', `source completion.fish; complete -C '${words.join(' ')}'`],
}

describeWith(['built', 'shells'], 'completion in real shells', () => {
  let folder: string

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-shells-'))
    await mkdir(join(folder, 'plans'), { mode: 0o700 })
    await mkdir(join(folder, 'bin'))
    await symlink(program, join(folder, 'bin', 'holdfast'))
    await writeYaml('holdfast.yaml', {
      version: 1,
      site: 'test',
      host: 'test',
      stateDir: join(folder, 'state'),
      destinations: { disk: { type: 'local', path: join(folder, 'backups') } },
    })
    for (const plan of ['shop', 'wiki'])
      await writeYaml(`plans/${plan}.yaml`, {
        version: 1,
        plan,
        description: `All of: the ${plan}`,
        sources: { data: { type: 'files', paths: ['/data'], live: true } },
        destinations: ['disk'],
      })
    for (const shell of SHELLS) await writeFile(join(folder, `completion.${shell}`), SCRIPTS[shell])
  }, LIMIT_MS)

  afterAll(() => rm(folder, { recursive: true, force: true }))

  const writeYaml = (path: string, value: object) =>
    writeFile(join(folder, path), stringify(value), { mode: 0o600 })

  async function offered(shell: Shell, ...words: string[]): Promise<readonly string[]> {
    const { stdout } = await execa(shell, ASK[shell](['holdfast', ...words]), {
      cwd: folder,
      env: { PATH: `${join(folder, 'bin')}${delimiter}${process.env['PATH']}`, HOME: folder },
    })
    return stdout.split('\n').map((line) => line.trim())
  }

  test.each<[Shell, readonly string[]]>([
    ['bash', ['shop', 'wiki']],
    ['zsh', ['shop:All of: the shop', 'wiki:All of: the wiki']],
    ['fish', ['shop\tAll of: the shop', 'wiki\tAll of: the wiki']],
  ])(
    '%s completes the names of plans',
    async (shell, expected) => {
      expect(await offered(shell, 'plan', 'show', '')).toEqual(expected)
    },
    LIMIT_MS,
  )

  test.each(SHELLS)(
    '%s completes commands by what is typed of them',
    async (shell) => {
      const [first, ...others] = await offered(shell, 'backup', 'cl')

      expect(first).toMatch(/^cleanup/)
      expect(others).toEqual([])
    },
    LIMIT_MS,
  )

  test.each(SHELLS)(
    '%s is told nothing, and completes files itself, where Temporal cannot be asked',
    async (shell) => {
      const words = await offered(shell, 'backup', 'show', 'plan')

      // Bash does so after the function has returned.
      expect(words).toEqual({ bash: [''], zsh: ['files'], fish: ['plans/'] }[shell])
    },
    LIMIT_MS,
  )
})
