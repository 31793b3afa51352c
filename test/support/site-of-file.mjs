import { hostname } from 'node:os'
import { loadSite } from '../../dist/site/load.js'

/**
 * The site of a configuration file, for programs that stand in for `holdfast`. They run what was built, as that does.
 *
 * @param {string} configFile
 */
export const siteOfFile = (configFile) =>
  loadSite({
    flag: configFile,
    env: process.env,
    cwd: process.cwd(),
    hostname: hostname(),
    uid: process.getuid?.() ?? -1,
    homedir: '/nonexistent',
  })
