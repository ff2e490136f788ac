/**
 * Guessable secrets: placeholders, passwords from examples, keys without randomness. Pure. A server that others can reach
 * refuses to start with one (config.ts); on localhost they are allowed.
 */
import { canParseUrl } from '../oauth/url.js'

const placeholder = /change.?me|replace.?me|example|placeholder|correct.?horse|your.?(?:secret|password|key)|\.\.\./i

/** Passwords in the documentation of PostgreSQL and of its images. */
const examplePasswords: ReadonlySet<string> = new Set(
  ['postgres', 'postgresql', 'password', 'passwd', 'secret', 'gatehouse', 'admin', 'root', 'test', 'pass'].flatMap(
    (word) => [word, `${word}1`, `${word}123`],
  ),
)

export interface GivenSecrets {
  readonly ENCRYPTION_KEY: readonly string[] | undefined
  readonly MCP_SERVER_SECRET: string | undefined
  readonly INTROSPECTION_CLIENT_SECRET: string | undefined
  readonly BOOTSTRAP_PASSWORD: string | undefined
  readonly DATABASE_URL: string | undefined
  readonly NOTES_DATABASE_URL: string | undefined
}

/** 32 random bytes practically always hold at least 16 different values. */
const isRandomKey = (key: string) => new Set(Buffer.from(key, 'base64url')).size >= 16

const isGuessable = (secret: string) => placeholder.test(secret) || new Set(secret).size < 8

function isExamplePassword(url: string): boolean {
  if (!canParseUrl(url)) return false
  const { username, password } = new URL(url)
  return password !== '' && (password === username || examplePasswords.has(password) || placeholder.test(password))
}

/** One line for each, by name and without the value. */
export function guessableSecrets(secrets: GivenSecrets): string[] {
  const make = 'make one with `openssl rand -hex 32`'
  const mistakes: string[] = []
  const keys = secrets.ENCRYPTION_KEY ?? []
  if (!keys.every(isRandomKey)) {
    mistakes.push("ENCRYPTION_KEY is not random: make one with `openssl rand -base64 32 | tr '+/' '-_' | tr -d =`")
  }
  for (const name of ['MCP_SERVER_SECRET', 'INTROSPECTION_CLIENT_SECRET'] as const) {
    const secret = secrets[name]
    if (secret === undefined) continue
    if (isGuessable(secret)) mistakes.push(`${name} is a placeholder or easily guessed: ${make}`)
    else if (keys.includes(secret)) mistakes.push(`${name} must not be ENCRYPTION_KEY: ${make}`)
  }
  if (placeholder.test(secrets.BOOTSTRAP_PASSWORD ?? '')) {
    mistakes.push('BOOTSTRAP_PASSWORD is a placeholder: choose one of your own')
  }
  for (const name of ['DATABASE_URL', 'NOTES_DATABASE_URL'] as const) {
    if (isExamplePassword(secrets[name] ?? '')) {
      mistakes.push(`${name} has the password of an example: give the role another one`)
    }
  }
  return mistakes
}
