import { describe, expect, it } from '@jest/globals'
import { formatChallenge, parseChallenge, parseChallenges } from '../../src/oauth/challenge.js'
import { cpuMilliseconds } from '../support/cpu-time.js'

describe('WWW-Authenticate challenges (RFC 9110 §11.6.1, RFC 6750 §3)', () => {
  it.each([
    [{ scheme: 'Bearer', parameters: {} }, 'Bearer'],
    [{ scheme: 'Bearer', parameters: { error: undefined } }, 'Bearer'],
    [
      { scheme: 'Bearer', parameters: { resource_metadata: 'https://a.example/x', scope: 'a b' } },
      'Bearer resource_metadata="https://a.example/x", scope="a b"',
    ],
    [{ scheme: 'DPoP', parameters: { algs: 'ES256', error: undefined } }, 'DPoP algs="ES256"'],
    [{ scheme: 'Bearer', parameters: { a: 'quo"te', b: 'back\\slash' } }, 'Bearer a="quo\\"te", b="back\\\\slash"'],
  ])('writes %j', (challenge, expected) => expect(formatChallenge(challenge)).toBe(expected))

  it.each([
    ['a\r\nSet-Cookie: x=y'],
    ['a\u0000b'],
    ['a\u0085b'],
    ['a\u2028b'],
    ['😀'],
    ['a", error="insufficient_scope'],
    ['a\\'],
  ])('lets no value break the header: %j', (value) => {
    const header = formatChallenge({ scheme: 'Bearer', parameters: { scope: value, error: 'invalid_token' } })
    expect(header).toMatch(/^[\x20-\x7e]+$/)
    expect(() => new Headers({ 'www-authenticate': header })).not.toThrow()
    expect(Object.keys(parseChallenge(header)?.parameters ?? {})).toEqual(['scope', 'error'])
    expect(parseChallenge(header)?.parameters['error']).toBe('invalid_token')
  })

  it.each([
    ['Bearer', { scheme: 'Bearer', parameters: {} }],
    ['Bearer scope=read', { scheme: 'Bearer', parameters: { scope: 'read' } }],
    [
      'bearer  Scope = "a b" ,error="invalid_token"',
      { scheme: 'bearer', parameters: { scope: 'a b', error: 'invalid_token' } },
    ],
    ['Bearer a="x\\"y\\\\z"', { scheme: 'Bearer', parameters: { a: 'x"y\\z' } }],
    ['Bearer a="x, b=y"', { scheme: 'Bearer', parameters: { a: 'x, b=y' } }],
    // Empty elements of a list are ignored (RFC 9110 §5.6.1).
    [', Bearer', { scheme: 'Bearer', parameters: {} }],
    ['Bearer a=""', { scheme: 'Bearer', parameters: { a: '' } }],
  ])('reads %j', (header, expected) => expect(parseChallenge(header)).toEqual(expected))

  it.each([[''], ['  '], ['"Bearer"'], [',']])('has nothing to read in %j', (header) => {
    expect(parseChallenge(header)).toBeUndefined()
  })

  it.each([
    ['Basic realm="a, b", Bearer scope="x", DPoP algs="ES256"', ['Basic', 'Bearer', 'DPoP'], { algs: 'ES256' }],
    ['Negotiate, Bearer', ['Negotiate', 'Bearer'], {}],
    ['Negotiate YWJj==, Bearer a=b', ['Negotiate', 'Bearer'], { a: 'b' }],
    ['Bearer a=b; Basic', ['Bearer'], { a: 'b;' }],
  ])('reads every challenge of %j', (header, schemes, parameters) => {
    const challenges = parseChallenges(header)
    expect(challenges.map(({ scheme }) => scheme)).toEqual(schemes)
    expect(challenges.at(-1)?.parameters).toEqual(parameters)
  })

  it('reads back what it wrote', () => {
    const challenge = {
      scheme: 'Bearer',
      parameters: { realm: 'a "b" \\c', scope: 'x y', error_description: 'no, 1=2' },
    }
    expect(parseChallenge(formatChallenge(challenge))).toEqual(challenge)
  })

  it('reads a long hostile header in no time', async () => {
    const spent = await cpuMilliseconds(() => {
      parseChallenge(`Bearer ${'a="\\'.repeat(20_000)}`)
      parseChallenge(`Bearer ${'a'.repeat(100_000)}`)
      parseChallenges('a, '.repeat(50_000))
      parseChallenges(' '.repeat(100_000))
      parseChallenges(`a${','.repeat(100_000)}`)
    })
    expect(spent).toBeLessThan(2_000)
  })
})
