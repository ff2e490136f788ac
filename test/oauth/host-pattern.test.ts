import { describe, expect, it } from '@jest/globals'
import { allowsHost, isHostPattern, matchesHost } from '../../src/oauth/host-pattern.js'

describe('Hosts an operator lists', () => {
  it.each(['client.example', '*.client.example', 'localhost', 'xn--bcher-kva.example', 'my_host.example', '*.example'])(
    '%s is a host',
    (text) => expect(isHostPattern(text)).toBe(true),
  )

  it.each([
    '',
    '*',
    '*.',
    '*.*.example',
    'a.*.example',
    '.example',
    'example.',
    'a..b',
    'https://client.example',
    'client.example:8443',
    'client.example/a',
    'CLIENT.example',
    'bücher.example',
    'a b',
    '-a.example',
  ])('%j is none', (text) => expect(isHostPattern(text)).toBe(false))

  it.each([
    ['client.example', 'client.example', true],
    ['client.example', 'www.client.example', false],
    ['client.example', 'xclient.example', false],
    ['*.client.example', 'www.client.example', true],
    ['*.client.example', 'a.b.client.example', true],
    ['*.client.example', 'client.example', false],
    ['*.client.example', 'xclient.example', false],
    ['*.client.example', 'client.example.evil.example', false],
  ])('%s against %s: %s', (pattern, host, matches) => expect(matchesHost(pattern, host)).toBe(matches))

  it.each([
    [[], [], 'any.example', true],
    [['ok.example'], [], 'ok.example', true],
    [['ok.example'], [], 'OK.example.', true],
    [['ok.example'], [], 'other.example', false],
    [[], ['bad.example'], 'bad.example', false],
    [[], ['bad.example'], 'bad.example.', false],
    [['*.ok.example'], ['bad.ok.example'], 'bad.ok.example', false],
    [['*.ok.example'], ['bad.ok.example'], 'good.ok.example', true],
  ])('allowed %j, denied %j: %s is %s', (allowed, denied, host, expected) =>
    expect(allowsHost({ allowed, denied }, host)).toBe(expected),
  )
})
