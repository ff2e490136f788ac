import { describe, expect, it } from '@jest/globals'
import { canParseUrl } from '../../src/oauth/url.js'

describe('An absolute URL', () => {
  it.each([
    ['https://mcp.example/mcp', true],
    ['https://bücher.example/mcp', true],
    ['cursor://anysphere/callback', true],
    ['https://', false],
    ['/mcp', false],
    ['https://mcp.example:99999/', false],
  ])('%s: %s, however often it is asked', (text, expected) => {
    // Node 20 and 22 answer otherwise once they have optimised the caller of URL.canParse.
    for (let round = 0; round < 50_000; round += 1) canParseUrl(`https://example.com/${round % 7}`)
    expect(canParseUrl(text)).toBe(expected)
  })
})
