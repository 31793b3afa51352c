import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { commandDocs } from './command-docs.js'

// Writes docs/commands.md. A test compares it with what the commands say.
await writeFile(join(import.meta.dirname, '..', 'docs', 'commands.md'), await commandDocs())
