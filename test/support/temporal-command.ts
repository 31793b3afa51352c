import { execa } from 'execa'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ensureTemporalCli } from '../../temporal/cli-binary.js'

/** Runs Temporal's own CLI against the embedded server of a state folder: what an operator with a terminal can do. */
export async function temporalCommand(stateDir: string, args: readonly string[]): Promise<string> {
  const { path } = await ensureTemporalCli({ environment: process.env })
  const agent = JSON.parse(await readFile(join(stateDir, 'agent.json'), 'utf8')) as {
    temporal: { address: string; namespace: string }
  }
  const { address, namespace } = agent.temporal
  const { stdout } = await execa(path, [...args, '--address', address, '--namespace', namespace])
  return stdout
}
