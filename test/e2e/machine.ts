import { execa } from 'execa'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { loadCommands } from '../../tools/load-commands.js'
import type { Finished } from './world.js'

const program = join(import.meta.dirname, '..', '..', 'bin', 'run.js')
const SCRIPT_LIMIT_MS = 240_000
const DISKS = ['/srv', '/mnt', '/volume1', '/volume2'] as const
/** Folders of the system that pages name. Each is one of the machine's own: nothing is written to the real ones. */
const USUAL = [...DISKS, '/etc/holdfast', '/var/lib/holdfast'] as const
const BACKUP_ID = /^\d{8}-\d{6}-(.+)-[0-9a-f]{6}$/

/** As much of a machine as a page needs: folders of its own under the usual names, and `holdfast` on the PATH. */
export interface Machine {
  /** Where the absolute path of a page really is. Others are below the folder that scripts begin in. */
  path(pathOfPage: string): string
  writeFile(pathOfPage: string, text: string): Promise<void>
  /** What a reader has in place of an example: in files and scripts from now on. */
  readerHas(example: string, own: string): void
  /** Its own instead of a file of the system, as `/etc/hosts`. */
  replaceFile(path: string, text: string): Promise<void>
  /**
   * Runs a script as its reader would, in the folder where the one before ended. Questions are answered with yes; `ID` and ids
   * from examples become that of the newest backup. What it mounts is so for all of the machine, and for nobody else.
   */
  run(script: string): Promise<Finished>
  /** What such a script says; fails with what it complained of unless it ends well. */
  output(script: string): Promise<string>
  /** All that is on its disks, but what is below `kept`; the agent is ended first. Scripts begin at home again. */
  lose(kept: readonly string[]): Promise<void>
  dispose(): Promise<void>
}

export interface MachineOptions {
  readonly environment: Readonly<Record<string, string>>
  /** Those that it has besides the usual ones. */
  readonly folders?: readonly string[] | undefined
  /** Left out: that of the real machine. */
  readonly hostName?: string | undefined
}

/** Needs root: its folders are mounted over those of the system, and its name is its own, for its own processes only. */
export async function makeMachine({ environment, folders = [], hostName }: MachineOptions): Promise<Machine> {
  const own = [...USUAL, ...folders]
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-machine-'))
  const home = join(folder, 'home')
  const exported = join(folder, 'exported')
  const instead = new Map<string, string>()
  let workingFolder = home
  const path = (pathOfPage: string) =>
    own.some((place) => pathOfPage === place || pathOfPage.startsWith(`${place}/`))
      ? join(folder, 'disk', pathOfPage)
      : join(home, pathOfPage)
  await mkdir(home)
  for (const place of own) {
    await mkdir(path(place), { recursive: true, mode: 0o700 })
    // Where the mount goes; an empty folder of the real system is all that may stay.
    await mkdir(place, { recursive: true })
  }
  await mkdir(join(folder, 'bin'))
  await writeFile(join(folder, 'bin', 'holdfast'), await commandFile(), { mode: 0o755 })

  const inside = await holdNamespaces([
    ...own.map((place) => `mount --bind '${path(place)}' ${place}`),
    ...(hostName === undefined ? [] : [`hostname ${hostName}`]),
  ])

  async function run(script: string): Promise<Finished> {
    // One terminal from the first command of a page to the last: its folder and what was exported last.
    const begin = [`cd '${workingFolder}'`, `[ ! -e '${exported}' ] || . '${exported}'`]
    const end = [`pwd >'${folder}/where'`, `export -p >'${exported}'`]
    const text = [...begin, await withIds(withOwn(script)), ...end]
    const { exitCode, stdout, stderr } = await execa(
      'nsenter',
      [...inside.options, 'sh', '-e', '-c', text.join('\n')],
      {
        ...{ reject: false, stdin: 'ignore', timeout: SCRIPT_LIMIT_MS, cwd: home },
        env: {
          ...{ NO_COLOR: '1', FORCE_COLOR: undefined, NODE_OPTIONS: '' },
          ...{ ...environment, PATH: `${folder}/bin:${environment['PATH'] ?? process.env['PATH'] ?? ''}` },
        },
      },
    )
    const where = await execa('cat', [join(folder, 'where')], { reject: false })
    if (exitCode === 0) workingFolder = where.stdout
    return { code: exitCode ?? -1, stdout, stderr }
  }

  async function output(script: string): Promise<string> {
    const { code, stdout, stderr } = await run(script)
    if (code !== 0) throw new Error(`It ended with ${code}:\n${script}\n${stdout}\n${stderr}`)
    return stdout
  }

  const withOwn = (text: string): string =>
    [...instead].reduce((changed, [example, own]) => changed.replaceAll(example, own), text)

  /** Of destinations that are none of its disks. */
  async function listedIds(plan?: string): Promise<string[]> {
    const listed = await output(`holdfast backup list --json ${plan === undefined ? '' : `--plan ${plan}`}`)
    return (JSON.parse(listed) as readonly { readonly id: string }[]).map(({ id }) => id)
  }

  /** The newest backup of a plan, or of all; ids sort by time. */
  async function newestId(plan?: string): Promise<string> {
    const names = await Promise.all(DISKS.map((disk) => readdir(path(disk), { recursive: true })))
    const ids = names.flat().flatMap((name) => {
      const [, id = ''] = /([^/]+)\/manifest\.json$/.exec(name) ?? []
      const [, ofPlan] = BACKUP_ID.exec(id) ?? []
      return ofPlan !== undefined && (plan === undefined || plan === ofPlan) ? [id] : []
    })
    const newest = (ids.length > 0 ? ids : await listedIds(plan)).sort().at(-1)
    if (newest === undefined) throw new Error(`There is no backup of ${plan ?? 'any plan'} yet.`)
    return newest
  }

  async function withIds(script: string): Promise<string> {
    let text = script
    for (const [example, plan] of script.matchAll(/\b\d{8}-\d{6}-([a-z0-9-]+)-[0-9a-f]{6}\b/g))
      text = text.replaceAll(example, await newestId(plan))
    return /\bID\b/.test(text) ? text.replaceAll(/\bID\b/g, await newestId()) : text
  }

  const down = () => run('holdfast down >/dev/null 2>&1 || true')

  return {
    path,
    async writeFile(pathOfPage, text) {
      const target = pathOfPage.startsWith('/') ? path(pathOfPage) : join(workingFolder, pathOfPage)
      await mkdir(dirname(target), { recursive: true, mode: 0o755 })
      await writeFile(target, withOwn(text))
      // As its page says, whatever the mask of this process is.
      await chmod(target, 0o644)
    },
    readerHas(example, own) {
      instead.set(example, own)
    },
    async replaceFile(pathOfSystem, text) {
      const target = join(folder, 'system', pathOfSystem)
      await mkdir(dirname(target), { recursive: true, mode: 0o755 })
      await writeFile(target, text)
      await chmod(target, 0o644)
      await output(`mount --bind '${target}' ${pathOfSystem}`)
    },
    run,
    output,
    async lose(kept) {
      await down()
      await rm(exported, { force: true })
      workingFolder = home
      for (const place of [...own.map(path), home])
        for (const name of await readdir(place))
          if (!kept.map(path).includes(join(place, name)))
            await rm(join(place, name), { recursive: true, force: true })
    },
    async dispose() {
      await down()
      await inside.end()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A process that does nothing but keep what it has mounted, and its name; it ends with this one at the latest. */
async function holdNamespaces(commands: readonly string[]) {
  const script = [...commands, 'echo', 'exec cat'].join('\n')
  const argv = ['--mount', '--uts', '--propagation', 'private', 'sh', '-e', '-c', script]
  const holder = spawn('unshare', argv, { stdio: ['pipe', 'pipe', 'inherit'] })
  const ended = once(holder, 'exit')
  const isReady = await Promise.race([once(holder.stdout, 'data').then(() => true), ended.then(() => false)])
  if (!isReady) throw new Error(`The folders of the machine could not be mounted: ${commands.join('; ')}`)
  return {
    options: [`--mount=/proc/${holder.pid}/ns/mnt`, `--uts=/proc/${holder.pid}/ns/uts`],
    end: async () => {
      holder.stdin.end()
      await ended
    },
  }
}

/** `holdfast`, which says yes for a person wherever one would be asked. */
async function commandFile(): Promise<string> {
  const asking = (await loadCommands()).filter(({ command }) => 'yes' in (command.flags ?? {}))
  const patterns = asking.map(({ id }) => (id.includes(' ') ? `'${id}'` : `'${id}'*`))
  return `#!/bin/sh
case "$1 $2" in ${patterns.join('|')}) set -- "$@" --yes ;; esac
exec '${process.execPath}' '${program}' "$@"
`
}
