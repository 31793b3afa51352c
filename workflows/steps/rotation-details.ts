import type { Untouched } from '../../core/rotation.js'
import type { RotationReport } from '../../core/rotation-steps.js'

/** The end of a rotation, for people, in the markdown of Temporal's UI. */
export function rotationDetails(report: RotationReport): string {
  const { outcome, rewrapped, remaining, others, kept, problems } = report
  return [
    `- **${outcome}**`,
    ...rewrapped.map(
      ({ plan, destination, backups }) => `- ${plan} at ${destination}: ${backups} wrapped anew`,
    ),
    ...remaining.map((one) => `- ${untouched(one)} still need the old key: ${one.because}`),
    ...others.map((one) => `- ${untouched(one)} not touched: ${one.because}`),
    ...kept.map(
      ({ destination, objects }) => `- ${destination} keeps ${objects} deleted wraps as older versions`,
    ),
    ...problems.map((problem) => `- ${problem}`),
  ].join('\n')
}

const untouched = ({ plan, destination, backups }: Untouched): string =>
  `${backups} of ${plan} at ${destination}`
