import { join } from 'node:path'
import { commandDocs } from './command-docs.js'
import { writeOrCheck } from './generated-files.js'

// docs/commands.md. A test compares it with what the commands say.
await writeOrCheck([
  { file: join(import.meta.dirname, '..', 'docs', 'commands.md'), text: await commandDocs() },
])
