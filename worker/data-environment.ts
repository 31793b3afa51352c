/**
 * How the C library of Linux treats memory that was freed: it keeps what is smaller than 8 MiB, and 16 MiB of it for each
 * arena at most. Otherwise each frame's tables and bytes go back to the kernel at once and come again as empty pages: twice
 * as many page faults. All threads share two arenas: with one for each of them, each would keep its own 16 MiB, which was
 * 45 MiB more in all and not faster. Other C libraries do not look at it. Source: mallopt(3), "Environment variables".
 */
const MEMORY = {
  MALLOC_ARENA_MAX: '2',
  MALLOC_MMAP_THRESHOLD_: String(8 * 1024 * 1024),
  MALLOC_TRIM_THRESHOLD_: String(16 * 1024 * 1024),
} as const

/** The environment of a process that makes captures. What is set there already stays: it was set on purpose. */
export const dataEnvironment = (inherited: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
  ...MEMORY,
  ...inherited,
})
