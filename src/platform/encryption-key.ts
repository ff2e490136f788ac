/** The key that seals secrets at rest, when the operator brings none: made once, kept in a file only its owner can read. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { randomSecret } from './secrets.js'

function errorCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

/** Reads the key file, or creates it with a fresh key (mode 0600). Throws one clear line when it cannot be written or read. */
export function loadEncryptionKey(file: string): string {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    writeFileSync(file, `${randomSecret()}\n`, { mode: 0o600, flag: 'wx' })
  } catch (error) {
    // It is there already: the usual case.
    if (errorCode(error) !== 'EEXIST') {
      throw new Error(`cannot write ${file}: ${error instanceof Error ? error.message : String(error)}`, {
        cause: error,
      })
    }
  }
  const key = readFileSync(file, 'utf8').trim()
  if (Buffer.from(key, 'base64url').length < 32) throw new Error(`${file} does not hold an encryption key`)
  return key
}
