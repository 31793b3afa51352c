// Starts once what many test files use, and leaves word in the environment of what this machine lacks.
import { register } from 'tsx/esm/api'

export default async function () {
  const unregister = register()
  const { startServices } = await import('./services.ts')
  globalThis.holdfastTestServices = await startServices()
  await unregister()
}
