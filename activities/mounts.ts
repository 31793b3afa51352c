import { readFile } from 'node:fs/promises'

/** Where filesystems are mounted, as the kernel says; empty where it does not (no Linux). */
export async function mountPoints(): Promise<readonly string[]> {
  const text = await readFile('/proc/self/mountinfo', 'utf8').catch(() => '')
  return text
    .split('\n')
    .map((line) => line.split(' ')[4])
    .filter((path) => path !== undefined)
    .map(unescaped)
}

/** Blanks, tabs, newlines and backslashes stand there in octal. Source: proc_pid_mountinfo(5). */
const unescaped = (path: string): string =>
  Buffer.from(
    path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8))),
    'utf8',
  ).toString('utf8')
