import type { Terminal } from '../terminal.js'
import { clipped } from './text.js'

/** Lines on a terminal that are drawn anew in their own place. */
export interface Redrawn {
  show(lines: readonly string[]): void
  /** Takes them away, so that something else can be printed; the next `show` draws them again. */
  clear(): void
}

/** @param kept which lines stay where the screen is too low for all. */
export function redrawn(terminal: Terminal, kept: 'first' | 'last'): Redrawn {
  let drawn = 0
  // Up over what was drawn, then erase from there to the end of the screen (ECMA-48: CUU, ED).
  const erase = () => (drawn === 0 ? '' : `\u001b[${drawn}A\u001b[J`)
  return {
    show(lines) {
      const shown = fitted(lines, terminal, kept)
      terminal.write(`${erase()}${shown.join('\n')}\n`)
      drawn = shown.length
    },
    clear() {
      terminal.write(erase())
      drawn = 0
    },
  }
}

/** No wider and no longer than the screen: what has scrolled out of it cannot be erased. */
function fitted(
  lines: readonly string[],
  { columns, rows }: Terminal,
  kept: 'first' | 'last',
): readonly string[] {
  const most = Math.max(1, rows - 1)
  const more = lines.length - most + 1
  const shown =
    lines.length <= most
      ? lines
      : kept === 'first'
        ? [...lines.slice(0, most - 1), `  … and ${more} more`]
        : [`  … and ${more} before`, ...lines.slice(more)]
  return shown.map((line) => clipped(line, columns - 1))
}
