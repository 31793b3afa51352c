import type { Recovered, RecoveredSource } from '../../core/recovery.js'

/** What was recovered, where it is, and how dumps are loaded: the commands can be copied as they are. */
export function renderRecovered({ backupId, sources }: Recovered): string {
  const commands = sources.flatMap(({ load }) => load)
  return [
    `Recovered from ${backupId}; every byte is as it was recorded.`,
    sources.map(renderSource).join('\n'),
    ...(commands.length === 0
      ? []
      : [
          'To load the dumps, as a user that may create databases (give --host and --username as your server needs them):',
          commands.map((command) => `  ${command}`).join('\n'),
        ]),
  ].join('\n\n')
}

const renderSource = ({ source, type, folder, files = [] }: RecoveredSource): string =>
  [`  ${source} (${type}): ${folder}`, ...files.map((file) => `    ${file}`)].join('\n')
