import type { Site } from '../core/site.js'

/** The holdfast.yaml that `--config`, the environment or the working folder leads to. See `loadSite` for its errors. */
export async function siteOf(flag: string | undefined): Promise<Site> {
  const [{ loadSite }, { homedir, hostname }] = await Promise.all([
    import('../site/load.js'),
    import('node:os'),
  ])
  return loadSite({
    ...(flag === undefined ? {} : { flag }),
    env: process.env,
    cwd: process.cwd(),
    hostname: hostname(),
    uid: process.getuid?.() ?? -1,
    homedir: homedir(),
  })
}
