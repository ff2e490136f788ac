import { describe, expect, it } from '@jest/globals'
import { differenceOf, isInternalHost, isThisMachine, isWebAddress } from '../../src/doctor/web-address.js'

describe('how two URLs differ', () => {
  it.each([
    ['https://a.example/mcp', undefined],
    ['http://a.example/mcp', 'scheme'],
    ['https://b.example/mcp', 'host'],
    ['https://a.example:8443/mcp', 'host'],
    ['https://a.example/mcp/', 'slash'],
    ['https://a.example/MCP', 'case'],
    ['https://A.example/mcp', 'case'],
    ['https://a.example/', 'path'],
    ['https://a.example/mcp?x=1', 'path'],
    ['https://a.example:443/mcp', 'text'],
    ['https://a.example/mcp#', 'text'],
    ['a.example/mcp', 'text'],
  ])('https://a.example/mcp and %s: %s', (seen, difference) => {
    expect(differenceOf('https://a.example/mcp', seen)).toBe(difference)
  })

  it('sees the slash of an empty path', () => {
    expect(differenceOf('https://a.example', 'https://a.example/')).toBe('slash')
  })
})

describe('internal hosts', () => {
  it.each([
    'localhost',
    'auth',
    'auth.localhost',
    'printer.local',
    'api.internal',
    'api.prod.svc',
    'api.prod.svc.cluster.local',
    'nas.home.arpa',
    'auth.internal.',
    '10.1.2.3',
    '172.18.0.4',
    '192.168.1.1',
    '169.254.169.254',
    '[::1]',
    '[fd00::1]',
  ])('%s', (host) => expect(isInternalHost(host)).toBe(true))

  it.each(['auth.example.com', 'internal.example.com', '93.184.215.14', '[2606:4700::1]'])('not %s', (host) =>
    expect(isInternalHost(host)).toBe(false),
  )

  it('this machine is one of them', () => {
    expect(['localhost', 'a.localhost', '127.0.0.1', '127.8.8.8', '[::1]'].every(isThisMachine)).toBe(true)
    expect(['auth', '127.example.com', '10.0.0.1'].some(isThisMachine)).toBe(false)
  })
})

describe('web addresses', () => {
  it.each(['http://a.example', 'https://a.example/x?y'])('%s', (value) => expect(isWebAddress(value)).toBe(true))
  it.each([undefined, 1, '', '/x', 'a.example', 'ftp://a.example', 'https://u@a.example', 'https://a.example/#x'])(
    'not %s',
    (value) => expect(isWebAddress(value)).toBe(false),
  )
})
