import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'

const root = join(import.meta.dirname, '..')

export interface GeneratedFile {
  /** Absolute path. */
  readonly file: string
  readonly text: string
}

/** Writes what is not as it should be. With `--check` on the command line it writes nothing, and the process exits with 1. */
export async function writeOrCheck(files: readonly GeneratedFile[]): Promise<void> {
  for (const { file, text } of files) {
    const current = await readFile(file, 'utf8').catch(() => undefined)
    if (current === text) continue
    const name = relative(root, file)
    if (process.argv.includes('--check')) {
      console.error(`${name} is stale: run \`npm run generate\`.`)
      process.exitCode = 1
    } else {
      await mkdir(dirname(file), { recursive: true })
      await writeFile(file, text)
      console.log(`${name} written.`)
    }
  }
}
