import { readFile, writeFile } from 'node:fs/promises'
import { generatedSchemas } from './generated-schemas.js'

// Writes the JSON Schemas that editors use. `--check` writes nothing, and exits with 1 when one is stale.

const isCheck = process.argv.includes('--check')
let stale = 0

for (const { file, text } of generatedSchemas()) {
  const current = await readFile(file, 'utf8').catch(() => undefined)
  if (current === text) continue
  if (isCheck) {
    stale++
    console.error(`${file} is stale: run \`npx tsx tools/generate-schemas.ts\`.`)
  } else {
    await writeFile(file, text)
    console.log(`${file} written.`)
  }
}

if (stale > 0) process.exitCode = 1
