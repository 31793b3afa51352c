import { Plugin } from '@oclif/core/config'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Writes oclif.manifest.json, so that `holdfast --help` loads no command: part of `npm run build`. */
const root = join(import.meta.dirname, '..')
const plugin = new Plugin({
  root,
  type: 'core',
  ignoreManifest: true,
  errorOnManifestCreate: true,
  respectNoCacheDefault: true,
})
await plugin.load()
await writeFile(join(root, 'oclif.manifest.json'), JSON.stringify(plugin.manifest))
