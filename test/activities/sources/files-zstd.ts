import { execFileSync } from 'node:child_process'

/** What zstd itself makes of an object. */
export const zstdText = async (path: string): Promise<string> =>
  execFileSync('zstd', ['-q', '-d', '-c', path], { encoding: 'utf8', maxBuffer: 1 << 28 })
