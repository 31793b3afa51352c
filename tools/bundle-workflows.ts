import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DefaultLogger, bundleWorkflowCode } from '@temporalio/worker'

// Bundles the compiled workflows once, after the build, so that workers start without doing it: `dist/workflows.bundle.js`.

const dist = join(import.meta.dirname, '..', 'dist')

const { code } = await bundleWorkflowCode({
  workflowsPath: join(dist, 'workflows', 'index.js'),
  workflowInterceptorModules: [join(dist, 'workflows', 'interceptors.js')],
  logger: new DefaultLogger('WARN'),
})
await writeFile(join(dist, 'workflows.bundle.js'), code)
