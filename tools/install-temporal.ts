import { ensureTemporalCli } from '../temporal/cli-binary.js'
import { HoldfastError } from '../core/errors.js'

// Makes sure that Temporal's CLI is there, for the quickstart and the tests. Prints progress, then where it is.
try {
  const cli = await ensureTemporalCli({ environment: process.env, onProgress: (line) => console.log(line) })
  console.log(`Temporal CLI ${cli.version}: ${cli.path}`)
} catch (error) {
  if (!(error instanceof HoldfastError)) throw error
  console.error(`${error.message}\n${error.hint ?? ''}`)
  process.exitCode = 3
}
