import { describe, expect, it } from '@jest/globals'
import { isOnOwnHost, ownUrlsOf, registersOwnHost } from '../../src/oauth/own-hosts.js'

const ownUrls = ownUrlsOf({
  issuer: 'https://auth.example.com/auth',
  resources: [{ url: 'https://mcp.example.com/mcp', aliases: ['https://old.example.com/mcp'] }],
})
const onLoopback = ownUrlsOf({
  issuer: 'http://localhost:3000',
  resources: [{ url: 'http://localhost:3001/mcp', aliases: ['http://127.0.0.1:3001/mcp'] }],
})

describe('Hosts of a deployment', () => {
  it.each([
    ['https://auth.example.com/device', true],
    ['https://mcp.example.com/mcp', true],
    ['https://old.example.com/', true],
    ['https://AUTH.Example.COM/cb', true],
    ['https://auth.example.com./cb', true],
    ['https://auth.example.com:8443/cb', true],
    ['https://auth%2eexample.com/cb', true],
    ['https://ａｕｔｈ.example.com/cb', true],
    ['http://auth.example.com/cb', true],
    ['https://app.example.com/cb', false],
    ['https://example.com/cb', false],
    ['https://auth.example.com.evil.example/cb', false],
    ['https://xauth.example.com/cb', false],
    ['com.example.app://auth.example.com/cb', false],
    ['http://localhost:3000/cb', false],
    ['nothing', false],
  ])('%s: %s', (url, expected) => {
    expect(isOnOwnHost(url, ownUrls)).toBe(expected)
    expect(registersOwnHost(url, ownUrls)).toBe(expected)
  })

  it.each([
    ['http://localhost:3000/device', true, true],
    ['http://127.0.0.1:3000/device', true, true],
    ['http://[::1]:3001/mcp', true, true],
    ['https://localhost.:3000/', true, true],
    ['https://127.0.0.2:3000/cb', true, true],
    ['https://0.0.0.0:3000/cb', true, true],
    ['https://[::]:3000/cb', true, true],
    ['https://[::ffff:127.0.0.1]:3000/cb', true, true],
    ['https://localhost.localdomain:3000/cb', true, true],
    ['https://127.example.com:3000/cb', false, false],
    ['http://localhost:53712/callback', false, false],
    ['http://127.0.0.1/callback', false, false],
    ['https://localhost:8443/cb', false, false],
    ['https://client.example/cb', false, false],
  ])('on loopback a port is a program of its own: %s', (url, isOwn, isRefused) => {
    expect(isOnOwnHost(url, onLoopback)).toBe(isOwn)
    expect(registersOwnHost(url, onLoopback)).toBe(isRefused)
  })

  it('leaves a loopback redirect without a port alone: it stands for every port', () => {
    const onDefaultPort = ['http://localhost']
    expect(registersOwnHost('http://localhost/callback', onDefaultPort)).toBe(false)
    expect(isOnOwnHost('http://localhost/callback', onDefaultPort)).toBe(true)
    expect(isOnOwnHost('https://localhost/callback', onDefaultPort)).toBe(false)
  })

  it.each([
    ['https://acme.example.com/cb', true],
    ['https://ACME.example.com.:8443/cb', true],
    ['https://example.com/cb', false],
    ['https://a.acme.example.com/cb', false],
    ['https://acme.example.com.evil.example/cb', false],
    ['https://acme.example.org/cb', false],
  ])('of a family of resources are all that its pattern matches: %s: %s', (url, expected) => {
    expect(isOnOwnHost(url, ['https://auth.example.net', 'https://*.example.com/mcp'])).toBe(expected)
  })
})

describe('A family of resources', () => {
  const family = ownUrlsOf({
    issuer: 'https://auth.example.com',
    resources: [{ url: 'https://*.eu.*.example.com/mcp' }],
  })
  it.each([
    ['https://a.eu.b.example.com/x', true],
    ['https://a.eu.b.example.com:8443/', true],
    ['https://a.us.b.example.com/', false],
    ['https://eu.b.example.com/', false],
    ['https://x.a.eu.b.example.com/', false],
    ['https://example.com/', false],
  ])('%s is on a host of it: %s', (url, isOwn) => {
    expect(isOnOwnHost(url, family)).toBe(isOwn)
  })
})
