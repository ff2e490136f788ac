/** Programs of the machine that some tests start. Nothing is installed: whoever lacks one is told what to install. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'

const folders = ['/usr/sbin', '/usr/bin', '/usr/local/bin', '/opt/homebrew/bin']

/** Path of the program, if this machine has it. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path))
}

/** Throws an Error that says what to install: `packages`, Debian's names. */
export function demandProgram(name: string, packages: string): string {
  const found = findProgram(name)
  if (found === undefined) throw new Error(`this machine has no ${name}: install Debian's ${packages}`)
  return found
}
