import { join } from 'node:path'
import { DefaultLogger, bundleWorkflowCode, type WorkflowBundle } from '@temporalio/worker'

const ROOT = join(import.meta.dirname, '..', '..')

/** The workflows, bundled from their sources as the build bundles them. `workflowsPath`: others instead. */
export const bundleFromSources = (
  workflowsPath = join(ROOT, 'workflows', 'index.ts'),
): Promise<WorkflowBundle> =>
  bundleWorkflowCode({
    workflowsPath,
    workflowInterceptorModules: [join(ROOT, 'workflows', 'interceptors.ts')],
    logger: new DefaultLogger('ERROR'),
  })
