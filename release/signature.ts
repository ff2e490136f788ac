/** Signs the checksums with a key of the maintainer (Ed25519), and finds what is wrong with the files that somebody got. */
import { createPublicKey, sign, verify } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checksumsName, sha256 } from './build.js'

export const signatureName = `${checksumsName}.sig`

/** `key`: private, PEM. Writes the signature beside the checksums; the same key gives the same bytes. */
export function signChecksums(folder: string, key: string): void {
  writeFileSync(join(folder, signatureName), sign(null, readFileSync(join(folder, checksumsName)), key))
}

/** What does not fit, in words; nothing if every file of the list is there as it was built. `key`: public, PEM; without it nobody's signature is asked for. */
export function mistakesOf(folder: string, key?: string): string[] {
  const list = join(folder, checksumsName)
  if (!existsSync(list)) return [`there is no ${checksumsName}`]
  const lines = readFileSync(list, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
  const wrong = lines.flatMap((line) => {
    const [hash = '', name = ''] = line.split('  ')
    const file = join(folder, name)
    if (!/^[0-9a-f]{64}$/.test(hash) || !/^[\w.-]+$/.test(name))
      return [`${checksumsName} has a line that is none: ${line}`]
    if (!existsSync(file)) return [`${name} is missing`]
    return sha256(readFileSync(file)) === hash ? [] : [`${name} is not what was built`]
  })
  if (key === undefined) return wrong
  const signature = join(folder, signatureName)
  if (!existsSync(signature)) return [...wrong, `there is no ${signatureName}`]
  const isSigned = verify(null, readFileSync(list), createPublicKey(key), readFileSync(signature))
  return isSigned ? wrong : [...wrong, `${signatureName} is not of this key`]
}
