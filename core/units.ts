import { assert } from './assert.js'

const MILLISECONDS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `90s` → 90000. The text was validated against DURATION_PATTERN. */
export function parseDuration(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)$/.exec(text)
  assert(match, `"${text}" is no duration`)
  return Math.round(Number(match[1]) * MILLISECONDS[match[2] as keyof typeof MILLISECONDS])
}

/** `50%` → 0.5. The text was validated against PERCENT_PATTERN. */
export const parsePercent = (text: string): number => Number.parseInt(text, 10) / 100
const BYTES = {
  kB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
  TiB: 2 ** 40,
} as const

/** `20GiB` → 21474836480. The text was validated against SIZE_PATTERN. */
export function parseSize(text: string): number {
  const match = /^([0-9]+(?:\.[0-9]+)?)([kMGT]B|[KMGT]iB)$/.exec(text)
  assert(match, `"${text}" is no size`)
  return Math.round(Number(match[1]) * BYTES[match[2] as keyof typeof BYTES])
}

/** `10MiB/s` → bytes a second. The text was validated against RATE_PATTERN. */
export const parseRate = (text: string): number => parseSize(text.slice(0, -'/s'.length))

/** For people: `850ms`, `12.3s`, `4m 05s`, `2h 03m`, `3d 4h`. */
export function formatDuration(milliseconds: number): string {
  const value = Math.max(0, milliseconds)
  if (value < 1000) return `${Math.round(value)}ms`
  if (value < 59_950) return `${(value / 1000).toFixed(1)}s`
  const seconds = Math.round(value / 1000)
  const pad = (n: number) => String(n).padStart(2, '0')
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m ${pad(seconds % 60)}s`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)}h ${pad(Math.floor((seconds % 3600) / 60))}m`
  return `${Math.floor(seconds / 86_400)}d ${Math.floor((seconds % 86_400) / 3600)}h`
}

/** For people: `0 B`, `512 B`, `1.5 KiB`, `20 GiB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB']
  let value = bytes / 1024
  let unit = 0
  while (value >= 1023.95 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value >= 100 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, '')} ${units[unit]}`
}

/** For people: `3 files`, `1 file`. */
export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`
