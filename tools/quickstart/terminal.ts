import { execa } from 'execa'
import ansis from 'ansis'
import { join } from 'node:path'
import { folder } from './place.js'

const program = join(import.meta.dirname, '..', '..', 'bin', 'run.js')

export const say = (text: string): void => console.log(text)
export const title = (text: string): void => console.log(`\n${ansis.bold.cyan('▸')} ${ansis.bold(text)}`)

/** The error for people; the log files say the rest. */
export function failure(error: unknown): void {
  console.error(`\n${ansis.red('✘')} ${error instanceof Error ? error.message : String(error)}`)
}

/** Runs a command as a user would, and prints it and what it says. */
export async function show(...args: string[]): Promise<void> {
  console.log(ansis.dim(`$ holdfast ${args.join(' ')}`))
  const { exitCode } = await execa(process.execPath, [program, ...args], {
    cwd: folder,
    stdio: 'inherit',
    reject: false,
  })
  if (exitCode !== 0) throw new Error(`"holdfast ${args.join(' ')}" ended with exit code ${exitCode}.`)
}

/** Runs a command and returns what it prints. */
export async function holdfast(...args: string[]): Promise<string> {
  const { stdout } = await execa(process.execPath, [program, ...args], { cwd: folder, stderr: 'inherit' })
  return stdout
}
