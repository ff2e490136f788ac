import { describe, expect, it } from '@jest/globals'
import { createPatternMatcher, patternMistakes, wildcardsIn, withCaptures } from '../../src/oauth/resource-pattern.js'

const issuer = 'https://auth.example.com'

function matcher(...patterns: readonly string[]) {
  const match = createPatternMatcher(
    patterns.map((pattern) => ({ pattern, value: pattern })),
    issuer,
  )
  return (identifier: string) => {
    const found = match(identifier)
    return found === undefined ? undefined : [found.value, ...found.captures]
  }
}

describe('A pattern of resources', () => {
  it.each([
    ['https://*.mcp.example.com/mcp', 'https://a.mcp.example.com/mcp', ['a']],
    ['https://*.mcp.example.com/mcp', 'https://a-1.mcp.example.com/mcp', ['a-1']],
    ['https://*.mcp.example.com', 'https://xn--bcher-kva.mcp.example.com', ['xn--bcher-kva']],
    ['https://mcp.*.example.com/*/mcp', 'https://mcp.eu.example.com/Notes~1._-/mcp', ['eu', 'Notes~1._-']],
    ['https://*.*.example.com:8443/x', 'https://a.b.example.com:8443/x', ['a', 'b']],
    ['http://localhost:4100/*/mcp', 'http://localhost:4100/notes/mcp', ['notes']],
    ['http://*.localhost:4100/mcp', 'http://a.localhost:4100/mcp', ['a']],
    ['https://example.com/*', 'https://example.com/..a', ['..a']],
  ])('%s matches %s', (pattern, identifier, captures) => {
    expect(patternMistakes(pattern, issuer)).toEqual([])
    expect(wildcardsIn(pattern)).toBe(captures.length)
    expect(matcher(pattern)(identifier)).toEqual([pattern, ...captures])
  })

  it.each([
    // The host: another number of labels, an empty one, one that is no name, another port, scheme or owner.
    'https://mcp.example.com/a/mcp',
    'https://a.b.mcp.example.com/a/mcp',
    'https://.mcp.example.com/a/mcp',
    'https://-.mcp.example.com/a/mcp',
    'https://a_b.mcp.example.com/a/mcp',
    'https://*.mcp.example.com/a/mcp',
    'https://a.mcp.example.com:444/a/mcp',
    'http://a.mcp.example.com/a/mcp',
    'https://a.mcp.example.com.evil.example/a/mcp',
    'https://evil.example/a.mcp.example.com/a/mcp',
    'https://a@a.mcp.example.com/a/mcp',
    // The path: another number of segments, an empty one, dots alone, what could spell a slash, a query.
    'https://a.mcp.example.com/mcp',
    'https://a.mcp.example.com/a/b/mcp',
    'https://a.mcp.example.com//mcp',
    'https://a.mcp.example.com/./mcp',
    'https://a.mcp.example.com/../mcp',
    'https://a.mcp.example.com/.../mcp',
    'https://a.mcp.example.com/%61/mcp',
    'https://a.mcp.example.com/a%2Fb/mcp',
    'https://a.mcp.example.com/a;b/mcp',
    'https://a.mcp.example.com/a/MCP',
    'https://a.mcp.example.com/a/mcp?x',
    `https://a.mcp.example.com/${'a'.repeat(2_048)}/mcp`,
  ])('does not match %s', (identifier) => {
    expect(matcher('https://*.mcp.example.com/*/mcp')(identifier)).toBeUndefined()
  })

  it('never matches the issuer, its host by a wildcard, an address or a public suffix', () => {
    const match = matcher('https://*.example.com', 'https://*.example.com/mcp', 'https://*.amazonaws.com/mcp')
    expect(match(issuer)).toBeUndefined()
    expect(match(`${issuer}/mcp`)).toBeUndefined()
    expect(match('https://other.example.com/mcp')).toEqual(['https://*.example.com/mcp', 'other'])
    // Listed in the private section: its names belong to customers.
    expect(match('https://s3.amazonaws.com/mcp')).toBeUndefined()
    expect(matcher('https://*.0.0.1/mcp', 'https://127.0.0.1/*')('https://127.0.0.1/mcp')).toEqual([
      'https://127.0.0.1/*',
      'mcp',
    ])
  })

  it('takes the longer literal part of several, wherever it stands', () => {
    const patterns = ['https://*.example.com/*', 'https://*.example.com/mcp', 'https://tickets.example.com/*'] as const
    for (const order of [patterns, [...patterns].reverse()]) {
      const match = matcher(...order)
      expect(match('https://a.example.com/b')).toEqual([patterns[0], 'a', 'b'])
      expect(match('https://a.example.com/mcp')).toEqual([patterns[1], 'a'])
      expect(match('https://tickets.example.com/mcp')).toEqual([patterns[2], 'mcp'])
    }
  })

  it.each([
    ['mcp.example.com/*', /https URL/],
    ['https://*.example.com/mcp?x', /https URL/],
    ['https://*.example.com/mcp#x', /https URL/],
    ['https://u@*.example.com/mcp', /https URL/],
    ['https://[::1]/*', /https URL/],
    ['ftp://*.example.com/', /https URL/],
    ['http://*.example.com/mcp', /https URL/],
    ['https://mcp.example.com/mcp', /no \*/],
    ['https://a*.example.com/mcp', /whole label/],
    ['https://mcp.example.com/a*', /whole segment/],
    ['https://mcp.example.com/**', /whole segment/],
    ['https://*.example.com//mcp', /empty segment/],
    ['https://*.example.com/a%20b', /letters, digits/],
    ['https://*.com/mcp', /public suffix com/],
    ['https://*.co.uk/mcp', /public suffix co\.uk/],
    ['https://*.github.io/mcp', /public suffix github\.io/],
    ['https://example.*/mcp', /every host/],
    ['https://*/mcp', /every host/],
    ['https://192.168.0.1/*', /IP address/],
    ['https://*.168.0.1/mcp', /IP address|https URL/],
    ['https://*.exämple.com/mcp', /character/],
    ['https://*.example.com', /matches the issuer/],
  ])('%s is a mistake', (pattern, said) => {
    expect(patternMistakes(pattern, issuer).join('; ')).toMatch(said)
  })

  it('finds one of 1,000 patterns as fast as one of one', () => {
    const patterns = Array.from({ length: 1_000 }, (_, n) => `https://*.team-${n}.example.com/*/mcp`)
    const match = matcher(...patterns)
    const ask = (count: number) => {
      const before = process.cpuUsage()
      for (let n = 0; n < count; n++) match(`https://s${n}.team-${n % 1_000}.example.com/x/mcp`)
      const { user, system } = process.cpuUsage(before)
      return user + system
    }
    ask(1_000)
    expect(match('https://s1.team-999.example.com/x/mcp')).toEqual([patterns[999], 's1', 'x'])
    // A search through the list would take seconds.
    expect(ask(10_000)).toBeLessThan(500_000)
  })

  it('gives its texts what the wildcards stand for', () => {
    expect(withCaptures('{2} of {1}, {3} and {0} {x}', ['a', 'b'])).toBe('b of a, {3} and {0} {x}')
  })
})
