import { describe, expect, it } from '@jest/globals'
import { claimsMetadataDocument, isMetadataDocumentUrl } from '../../src/oauth/client-id.js'

describe('Client identifier URLs (CIMD draft §3)', () => {
  it.each([
    'https://claude.ai/oauth/claude-code-client-metadata',
    'https://vscode.dev/oauth/client-metadata.json',
    'https://client.example:8443/a',
    'https://client.example/',
    'https://client.example/a?version=2',
    'https://xn--bcher-kva.example/client.json',
    'https://client.example/a..b/.well-known/x.json',
    `https://client.example/${'a'.repeat(1_001)}`,
  ])('%s is one', (id) => expect(isMetadataDocumentUrl(id)).toBe(true))

  it.each([
    ['no URL', 'client-1'],
    ['empty', ''],
    ['plain http', 'http://client.example/a'],
    ['another scheme', 'ftp://client.example/a'],
    ['an upper-case scheme', 'HTTPS://client.example/a'],
    ['an upper-case host', 'https://CLIENT.example/a'],
    ['a host in other letters', 'https://bücher.example/a'],
    ['a host in wide letters', 'https://ｃlient.example/a'],
    ['no path', 'https://client.example'],
    ['a query for a path', 'https://client.example?a'],
    ['no host', 'https:///a'],
    ['one slash', 'https:/client.example/a'],
    ['the default port', 'https://client.example:443/a'],
    ['an empty port', 'https://client.example:/a'],
    ['a user', 'https://ada@client.example/a'],
    ['an empty user', 'https://@client.example/a'],
    ['a password', 'https://:secret@client.example/a'],
    ['a fragment', 'https://client.example/a#b'],
    ['an empty fragment', 'https://client.example/a#'],
    ['a dot segment', 'https://client.example/./a'],
    ['two dots', 'https://client.example/b/../a'],
    ['dots at the end', 'https://client.example/a/..'],
    ['encoded dots', 'https://client.example/%2e%2E/a'],
    ['half-encoded dots', 'https://client.example/.%2e/a'],
    ['a backslash', 'https://client.example\\a'],
    ['a blank', 'https://client.example/a b'],
    ['a leading blank', ' https://client.example/a'],
    ['a line break', 'https://client.example/a\n'],
    ['a NUL', 'https://client.example/a\u0000'],
    ['a character beyond ASCII', 'https://client.example/ä'],
    ['a dot after the host', 'https://client.example./a'],
    ['a dot before the host', 'https://.example/a'],
    ['two dots in the host', 'https://client..example/a'],
    ['an address', 'https://127.0.0.1/a'],
    ['a public address', 'https://93.184.216.34/a'],
    ['a short address', 'https://127.1/a'],
    ['a number for an address', 'https://2130706433/a'],
    ['a hexadecimal address', 'https://0x7f.1/a'],
    ['an octal address', 'https://0177.0.0.1/a'],
    ['an IPv6 address', 'https://[::1]/a'],
    ['a mapped address', 'https://[::ffff:7f00:1]/a'],
    ['too long', `https://client.example/${'a'.repeat(1_100)}`],
    ['too long by one character', `https://client.example/${'a'.repeat(1_002)}`],
  ])('%s is none: %s', (_what, id) => expect(isMetadataDocumentUrl(id)).toBe(false))

  it('are told from other identifiers even when they are malformed, so that none is looked up as something else', () => {
    expect(['https:', 'HTTPS://x', 'https:/x'].every(claimsMetadataDocument)).toBe(true)
    expect(['http://x', 'client-1', 'xhttps://x', ''].some(claimsMetadataDocument)).toBe(false)
  })
})
