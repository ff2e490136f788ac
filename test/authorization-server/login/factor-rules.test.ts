/** The rules behind passkeys and second factors, as functions. */
import { describe, expect, it } from '@jest/globals'
import { type ChallengePurpose, createChallenges } from '../../../src/authorization-server/login/challenges.js'
import {
  appLink,
  newAppSecret,
  newRecoveryCode,
  normalizeRecoveryCode,
  stepOfCode,
} from '../../../src/authorization-server/login/one-time-codes.js'
import { relyingPartyOf } from '../../../src/authorization-server/login/relying-party.js'
import {
  passwordLevel,
  phishingResistantLevel,
  reaches,
  saidLevel,
  strongerOf,
  twoFactorLevel,
  weakestOf,
} from '../../../src/oauth/sign-in-levels.js'

describe('What passkeys are bound to', () => {
  it.each([
    ['https://auth.example.com', 'auth.example.com', 'https://auth.example.com'],
    ['https://auth.example.com:8443/tenant', 'auth.example.com', 'https://auth.example.com:8443'],
    ['http://localhost:3000', 'localhost', 'http://localhost:3000'],
  ])('is the host of %s', (issuer, id, origin) => {
    expect(relyingPartyOf(issuer)).toEqual({ id, origin })
  })

  it.each(['http://127.0.0.1:3000', 'https://[::1]', 'https://203.0.113.7', 'http://auth.example.com'])(
    'is nothing for %s, where browsers offer no passkeys',
    (issuer) => {
      expect(relyingPartyOf(issuer)).toBeUndefined()
    },
  )
})

describe('A challenge', () => {
  let time = 1_700_000_000_000
  const clock = { now: () => new Date(time) }
  const ringOf = (...cookie: string[]) => ({
    follow: (use: (keys: { cookie: readonly string[] }) => void) => use({ cookie }),
  })
  const challengesOf = (...keys: string[]) =>
    createChallenges(ringOf(...keys) as unknown as Parameters<typeof createChallenges>[0], clock)
  const challenges = challengesOf('first')
  const purposes: readonly ChallengePurpose[] = ['sign-in', 'prove', 'register', 'create-account']

  it.each(purposes.flatMap((made) => purposes.map((used) => [made, used] as const)))(
    'CVE-2026-111949, GHSA-hp74-gm6m-2qm5: made to %s, used to %s, counts for its own purpose alone',
    (made, used) => {
      const issued = challenges.issue(made, 'browser')
      expect(challenges.judge(issued, used, 'browser') !== undefined).toBe(made === used)
      expect(challenges.judge(issued, made, 'another browser')).toBeUndefined()
    },
  )

  it('is over by its time, known under an older key, and unknown under another', () => {
    const issued = challenges.issue('prove', 'browser')
    expect(challengesOf('newer', 'first').judge(issued, 'prove', 'browser')).toBeDefined()
    expect(challengesOf('newer').judge(issued, 'prove', 'browser')).toBeUndefined()
    time += 600_000
    expect(challenges.judge(issued, 'prove', 'browser')).toBeUndefined()
  })

  it.each(['', 'x', '='.repeat(72), `${challengesOf('other').issue('prove', 'b')}`])('is not %.10j', (text) => {
    expect(challenges.judge(text, 'prove', 'b')).toBeUndefined()
  })

  it('has one spelling', () => {
    const issued = challenges.issue('prove', 'b')
    expect(challenges.judge(`${issued}=`, 'prove', 'b')).toBeUndefined()
    expect(challenges.judge(`${issued} `, 'prove', 'b')).toBeUndefined()
  })
})

describe('The levels of a sign-in', () => {
  it.each([
    [passwordLevel, passwordLevel, true],
    [passwordLevel, twoFactorLevel, false],
    [twoFactorLevel, passwordLevel, true],
    [twoFactorLevel, phishingResistantLevel, false],
    [phishingResistantLevel, twoFactorLevel, true],
    [phishingResistantLevel, 'unknown', false],
    [undefined, passwordLevel, false],
  ])('%s reaches %s: %s', (is, demanded, expected) => {
    expect(reaches(is, demanded)).toBe(expected)
  })

  it('say the strongest that was named and reached, or what is', () => {
    expect(saidLevel(phishingResistantLevel, [passwordLevel, twoFactorLevel])).toBe(twoFactorLevel)
    expect(saidLevel(passwordLevel, [twoFactorLevel])).toBe(passwordLevel)
    expect(saidLevel(twoFactorLevel, [])).toBe(twoFactorLevel)
    expect(weakestOf(['x', phishingResistantLevel, twoFactorLevel])).toBe(twoFactorLevel)
    expect(weakestOf(['x'])).toBeUndefined()
    expect(strongerOf(undefined, twoFactorLevel)).toBe(twoFactorLevel)
    expect(strongerOf(phishingResistantLevel, twoFactorLevel)).toBe(phishingResistantLevel)
  })
})

describe('Codes', () => {
  it('of an app are RFC 6238’s, within one step of the clock', () => {
    // RFC 6238 appendix B, SHA-1, the last six digits.
    const secret = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'
    const at = (seconds: number) => ({ now: () => new Date(seconds * 1000) })
    expect(stepOfCode(secret, '287082', at(59))).toBe(1)
    expect(stepOfCode(secret, '287 082', at(89))).toBe(1)
    expect(stepOfCode(secret, '287082', at(90))).toBeUndefined()
    expect(stepOfCode(secret, '287082', at(0))).toBe(1)
    expect(stepOfCode(secret, '081804', at(1_111_111_109))).toBe(37_037_036)
  })

  it('of an app have a secret of 160 bits, which a link carries', () => {
    const secret = newAppSecret()
    expect(secret).toMatch(/^[A-Z2-7]{32}$/)
    const link = new URL(appLink(secret, 'Acme: sign-in', 'ada@example.com'))
    expect([link.protocol, link.searchParams.get('secret')]).toEqual(['otpauth:', secret])
    expect(link.searchParams.get('issuer')).toBe('Acme  sign-in')
  })

  it('for recovery are read however they are typed', () => {
    const code = newRecoveryCode()
    expect(code).toMatch(/^(?:[0-9a-hjkmnp-tv-z]{4}-){3}[0-9a-hjkmnp-tv-z]{4}$/)
    const plain = code.replaceAll('-', '')
    expect(normalizeRecoveryCode(` ${code.toUpperCase().replaceAll('-', ' ')}\n`)).toBe(plain)
    expect(normalizeRecoveryCode('OoIl-1111-2222-3333')).toBe('0011111122223333')
    expect(normalizeRecoveryCode('')).toBeUndefined()
    expect(normalizeRecoveryCode('uuuu-uuuu-uuuu-uuuu')).toBeUndefined()
    expect(new Set(Array.from({ length: 100 }, newRecoveryCode)).size).toBe(100)
  })
})
