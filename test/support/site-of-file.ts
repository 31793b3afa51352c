import { hostname } from 'node:os'
import { loadSite } from '../../site/load.js'

/** The site of a configuration file, for programs that stand in for `holdfast`. */
export const siteOfFile = (configFile: string) =>
  loadSite({
    flag: configFile,
    env: process.env,
    cwd: process.cwd(),
    hostname: hostname(),
    uid: process.getuid?.() ?? -1,
    homedir: '/nonexistent',
  })
