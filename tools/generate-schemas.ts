import { generatedSchemas } from './generated-schemas.js'
import { writeOrCheck } from './generated-files.js'
import { schemaReferences } from './schema-reference.js'

// The JSON Schemas that editors use, and the reference that people read.
await writeOrCheck([...generatedSchemas(), ...schemaReferences()])
