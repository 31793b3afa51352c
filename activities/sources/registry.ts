import type { SourceType } from '../../schemas/sources.js'
import type { SourceDriver } from './driver.js'
import { files } from './files.js'
import { mysql } from './mysql.js'
import { postgres } from './postgres.js'
import { sqlite } from './sqlite.js'
import { volume } from './volume.js'

export const sources: { readonly [T in SourceType]: SourceDriver<T> } = {
  files,
  volume,
  postgres,
  mysql,
  sqlite,
}
