/**
 * What a server has acknowledged, written down the moment it did: one JSON line per fact, appended to a file that nothing of the
 * servers touches. The oracle reads the file when the fault is over.
 */
import { appendFileSync, readFileSync } from 'node:fs'

export type PersonName = 'ada' | 'grace'

export type Fact =
  /** A client was registered (RFC 7591); `url` and `token` manage it (RFC 7592). */
  | { readonly kind: 'client'; readonly url: string; readonly token: string }
  /** A code was issued, and is kept unredeemed. */
  | { readonly kind: 'code'; readonly person: PersonName; readonly code: string; readonly codeVerifier: string }
  /** A code was redeemed. */
  | { readonly kind: 'redeemed'; readonly person: PersonName; readonly code: string; readonly codeVerifier: string }
  /** The newest tokens of a family: everything that came of one consent. */
  | {
      readonly kind: 'tokens'
      readonly person: PersonName
      readonly family: string
      readonly accessToken: string
      readonly refreshToken: string
    }
  | {
      readonly kind: 'revoked'
      readonly person: PersonName
      readonly accessToken: string
      readonly refreshToken: string
    }
  | { readonly kind: 'note'; readonly person: PersonName; readonly title: string }

export type WrittenFact = Fact & { readonly at: number }

export function writeFact(file: string, fact: Fact): void {
  appendFileSync(file, `${JSON.stringify({ at: Date.now(), ...fact })}\n`)
}

export function readFacts(file: string): WrittenFact[] {
  return readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as WrittenFact)
}

/** Everything in the facts that may be in no log. */
export function secretsOf(facts: readonly WrittenFact[]): Set<string> {
  const secrets = new Set<string>()
  for (const fact of facts) {
    for (const name of ['token', 'code', 'codeVerifier', 'accessToken', 'refreshToken'] as const) {
      const value: unknown = Reflect.get(fact, name)
      // Of a JWT the signature: its header and claims are no secret by themselves.
      if (typeof value === 'string') secrets.add(value.split('.').at(-1) ?? value)
    }
  }
  return secrets
}
