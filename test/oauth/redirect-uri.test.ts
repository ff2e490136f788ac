import { describe, expect, it } from '@jest/globals'
import { isLoopbackHost, loopbackSpellings, redirectKind, withLoopbackPath } from '../../src/oauth/redirect-uri.js'

describe('Where a redirect URI leads (RFC 8252 §7, RFC 9700 §4.1)', () => {
  it.each([
    ['https://client.example/cb'],
    ['https://client.example'],
    ['HTTPS://Client.example/cb?x=1'],
    ['https://client.example:8443/cb'],
    ['https://localhost/cb'],
    ['https://192.0.2.1/cb'],
    ['https://client.example/%2e%2e/cb'],
  ])('%s leads to a site', (uri) => expect(redirectKind(uri)).toBe('https'))

  it.each([
    ['http://localhost/cb'],
    ['http://localhost:3334/oauth/callback'],
    ['http://LOCALHOST:3334/cb'],
    ['http://127.0.0.1'],
    ['http://127.0.0.1:33418/'],
    ['http://[::1]:9/cb'],
    ['http://localhost?x=1'],
  ])('%s leads to a program on this computer', (uri) => expect(redirectKind(uri)).toBe('loopback'))

  it.each([
    ['cursor://anysphere.cursor-mcp/oauth/callback'],
    ['com.example.app:/oauth/callback'],
    ['vscode://vscode.github-authentication/did-authenticate'],
  ])('%s leads to an app by its scheme', (uri) => expect(redirectKind(uri)).toBe('private-use'))

  it.each([
    // Schemes that run or open something, in any spelling.
    ['javascript:alert(1)'],
    ['JaVaScRiPt:alert(1)'],
    [' javascript:alert(1)'],
    ['java\tscript:alert(1)'],
    ['java\nscript:alert(1)'],
    ['\u0001javascript:alert(1)'],
    ['data:text/html,x'],
    ['vbscript:x'],
    ['blob:https://client.example/1'],
    ['file:///etc/passwd'],
    ['about:blank'],
    ['view-source:https://client.example'],
    ['filesystem:https://client.example/x'],
    ['intent://scan/#Intent;scheme=x;end'],
    ['mailto:a@example.com'],
    ['ftp://client.example/cb'],
    ['wss://client.example/cb'],
    // Not absolute, or not what it looks like.
    [''],
    ['/cb'],
    ['//evil.example/cb'],
    ['cb'],
    ['https:evil.example/cb'],
    ['https:/evil.example/cb'],
    ['https:///evil.example/cb'],
    ['http:localhost/cb'],
    ['https://'],
    ['https://client.example:99999/cb'],
    ['https://client.example/cb#fragment'],
    ['https://client.example/cb#'],
    ['https://user:secret@client.example/cb'],
    ['https://user@client.example/cb'],
    ['https://@client.example/cb'],
    ['https://client.example\\@evil.example/cb'],
    ['https:\\\\evil.example/cb'],
    ['https://*.client.example/cb'],
    ['https://client.example/*'],
    ['https://client.example/c b'],
    ['https://client.example/cb\u0000'],
    ['https://client.example/cb\r\nx: y'],
    ['https://client.example/\u202ecb'],
    ['https://clіent.example/cb'],
    // Plain http off this computer, or pretending to be on it.
    ['http://client.example/cb'],
    ['http://127.0.0.1.evil.example/cb'],
    ['http://localhost.evil.example/cb'],
    ['http://localhost@evil.example/cb'],
    ['http://127.0.0.1:80@evil.example/cb'],
    ['http://localhost./cb'],
    ['http://0.0.0.0/cb'],
    ['http://10.0.0.1/cb'],
    ['http://[::ffff:127.0.0.1]/cb'],
    // Other spellings of loopback addresses: a person could not tell them from a strange host.
    ['http://127.1/cb'],
    ['http://2130706433/cb'],
    ['http://0x7f.1/cb'],
    ['http://0177.0.0.1/cb'],
    ['http://[0:0:0:0:0:0:0:1]/cb'],
    ['http://127.0.0.2/cb'],
    ['http://%6cocalhost/cb'],
  ])('%j is refused', (uri) => expect(redirectKind(uri)).toBe('forbidden'))

  it('knows loopback hosts only as they are spelled', () => {
    expect(['localhost', 'LocalHost', '127.0.0.1', '[::1]'].every(isLoopbackHost)).toBe(true)
    expect(['localhost.', '127.1', '::1', '127.0.0.2', 'localhost:80', ''].some(isLoopbackHost)).toBe(false)
  })
})

describe('a loopback redirect without a path', () => {
  it.each([
    ['http://127.0.0.1:33418', 'http://127.0.0.1:33418/'],
    ['http://localhost', 'http://localhost/'],
    ['http://[::1]:8080?state=x', 'http://[::1]:8080/?state=x'],
  ])('%s is %s', (bare, written) => {
    expect(withLoopbackPath(bare)).toBe(written)
    for (const spelling of [bare, written])
      expect([...loopbackSpellings(spelling)].sort()).toEqual([bare, written].sort())
  })

  it.each([
    'https://client.example',
    'https://127.0.0.1',
    'http://127.0.0.1.evil.example',
    'http://localhost@evil.example',
    'http://localhost:80@evil.example',
    'http://127.0.0.1:33418/callback',
    'cursor://anysphere.cursor-mcp',
  ])('is not %s, which stays as it is', (other) => {
    expect(withLoopbackPath(other)).toBe(other)
    expect(loopbackSpellings(other)).toEqual([other])
  })
})
