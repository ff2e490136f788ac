import { describe, expect, it } from '@jest/globals'
import { type Environment, parseConfig } from '../../src/config/config.js'
import { declarationOf } from '../../src/oauth/declared-resource.js'
import { overruledSettings, productionWarnings } from '../../src/program/production.js'
import { runCli } from '../cli/terminal.js'
import { mistakesOf } from '../config/config-mistakes.js'

const noFiles = (): string => ''
const key = 'q3nP0Zl7m1bKf8sVw2uXc5yRt9eGh4jAo6iDkLzNxQE'
const sound = {
  ISSUER_URL: 'https://auth.example.com',
  RESOURCE_URL: 'https://mcp.example.com/mcp',
  TRUSTED_PROXIES: '10.0.0.1',
  DATABASE_URL: 'postgresql://auth:Zl7m1bKf8sVw2u@db/auth',
  NOTES_DATABASE_URL: 'postgresql://notes:bKf8sVw2uXc5yR@db/notes',
  ENCRYPTION_KEY: key,
  MCP_SERVER_SECRET: '0f3c9a7715be42d88d1e6ab05c93f742',
}

const refused: readonly (readonly [string, string])[] = [
  ['ENCRYPTION_KEY', 'A'.repeat(43)],
  ['ENCRYPTION_KEY', `${key},${'0123456789'.repeat(5).slice(0, 44).replace(/\d/g, 'a')}`],
  ['MCP_SERVER_SECRET', 'change-me-change-me-change-me'],
  ['MCP_SERVER_SECRET', 'x'.repeat(32)],
  ['MCP_SERVER_SECRET', key],
  ['BOOTSTRAP_PASSWORD', 'please change me at once'],
  ['BOOTSTRAP_PASSWORD', 'correct horse battery staple'],
  ['INTROSPECTION_CLIENT_SECRET', 'secret'],
  ['DATABASE_URL', 'postgresql://postgres:postgres@db/auth'],
  ['DATABASE_URL', 'postgresql://gatehouse:Password@db/auth'.replace('P', 'p')],
  ['NOTES_DATABASE_URL', 'postgresql://keeper:keeper@db/notes'],
  ['NOTES_DATABASE_URL', 'postgresql://notes:changeme@db/notes'],
]
/** What a setting wants beside it. */
const partners: Environment = { BOOTSTRAP_EMAIL: 'ada@example.com', INTROSPECTION_CLIENT_ID: 'rs' }
const beside = (name: string): Environment =>
  Object.fromEntries(Object.entries(partners).filter(([other]) => other.split('_')[0] === name.split('_')[0]))

describe('A start where others can reach it', () => {
  it('takes settings that were made for it', () => {
    expect(mistakesOf(sound)).toEqual([])
    expect(productionWarnings(parseConfig(sound, noFiles))).toEqual([])
  })

  it.each(refused)('is refused with a guessable %s (%#), by name and without the value', (name, value) => {
    const environment = { ...sound, ...beside(name), [name]: value }
    const mistakes = mistakesOf(environment)
    expect(mistakes.length).toBeGreaterThan(0)
    for (const mistake of mistakes) expect(mistake).toMatch(/^[A-Z_]+ (?:is|has|must not be) /)
    expect(mistakes.join('\n')).toContain(name)
    expect(mistakes.join('\n')).not.toContain(value)
    // On localhost it is nobody's business.
    const { ISSUER_URL: _issuer, RESOURCE_URL: _resource, ...local } = environment
    expect(mistakesOf(local)).toEqual([])
  })

  it('names everything that is wrong at once', () => {
    const all = { ...sound, ENCRYPTION_KEY: 'A'.repeat(43), MCP_SERVER_SECRET: 'x'.repeat(24), TRUSTED_PROXIES: '::/0' }
    expect(mistakesOf({ ...all, DATABASE_URL: 'postgresql://a:a@db/x' }).map((line) => line.split(' ')[0])).toEqual([
      'TRUSTED_PROXIES',
      'ENCRYPTION_KEY',
      'MCP_SERVER_SECRET',
      'DATABASE_URL',
    ])
  })
})

describe('What is seldom meant there', () => {
  it.each<[Environment, RegExp | undefined]>([
    [{ TRUSTED_PROXIES: '' }, /^TRUSTED_PROXIES is not set/],
    [{ DATABASE_URL: '', ENCRYPTION_KEY: '' }, /^DATABASE_URL is not set: the embedded database/],
    [{ ENCRYPTION_KEY: '' }, /^ENCRYPTION_KEY is not set: the key is a file/],
    [{ NOTES_DATABASE_URL: sound.DATABASE_URL }, /^DATABASE_URL and NOTES_DATABASE_URL are the same/],
    [{ REGISTRATION: 'open' }, /^REGISTRATION=open/],
    [{ RATE_LIMITS: 'off' }, /^RATE_LIMITS=off/],
    [{ DATABASE_URL: 'postgresql://a:Zl7m1bKf8@db.example.com/x' }, /^DATABASE_URL has no sslmode/],
    [{ DATABASE_URL: 'postgresql://a:Zl7m1bKf8@8.8.8.8/x?sslmode=prefer' }, /^DATABASE_URL has no sslmode/],
    [{ NOTES_DATABASE_URL: 'postgresql://a:Zl7m1bKf8@[2606:4700::1]/x' }, /^NOTES_DATABASE_URL has no sslmode/],
    [{ DATABASE_URL: 'postgresql://a:Zl7m1bKf8@8.8.8.8/x?sslmode=verify-full' }, undefined],
    [{ DATABASE_URL: 'postgresql://a:Zl7m1bKf8@10.1.2.3/x' }, undefined],
    [{ DATABASE_URL: 'postgresql://a:Zl7m1bKf8@pg.internal/x' }, undefined],
  ])('with %j', (environment, warning) => {
    const warnings = productionWarnings(parseConfig({ ...sound, ...environment }, noFiles))
    expect(warnings).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)])
    expect(productionWarnings(parseConfig({ ...environment, NOTES_DATABASE_URL: '' }, noFiles))).toEqual([])
  })

  it('is said by the server that it concerns', () => {
    const config = parseConfig({ ...sound, TRUSTED_PROXIES: '' }, noFiles)
    expect(productionWarnings(config, 'auth')).toHaveLength(1)
    expect(productionWarnings(config, 'mcp')).toEqual([])
  })

  it('is shown by `gatehouse config check`, which starts nothing', async () => {
    // Port 443 is not for every user to listen on, nor for two servers.
    const ports = { AUTH_PORT: '0', MCP_PORT: '0' }
    const check = (environment: Environment) =>
      runCli(['config', 'check'], { ...environment, ...ports } as Record<string, string>)
    expect(await check(sound)).toEqual({ exitCode: 0, stdout: 'The settings are sound.\n', stderr: '' })
    expect(await check({ ...sound, RATE_LIMITS: 'off' })).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^warning: RATE_LIMITS=off.*\nThe servers would start\.\n$/),
    })
    expect(await check({ ...sound, MCP_SERVER_SECRET: 'x'.repeat(32) })).toMatchObject({
      exitCode: 1,
      stderr: expect.stringMatching(/^gatehouse: one setting is wrong:\n {2}MCP_SERVER_SECRET is a placeholder/),
    })
  })
})

describe('Settings of tokens beside a declaration file with resources', () => {
  const resource = (source: 'file' | 'settings') => {
    const described = { resource: 'https://mcp.example.com/mcp', aliases: [], name: 'A', description: '' }
    return declarationOf({ ...described, scopes: [], tools: [], defaultScopes: [] }, { source })
  }
  const warned = (environment: Environment, source: 'file' | 'settings') =>
    overruledSettings(parseConfig(environment, noFiles), { resources: [resource(source)], assertionIssuers: [] })

  it('are told to have no effect there', () => {
    const both = { ACCESS_TOKEN_FORMAT: 'jwt', ACCESS_TOKEN_TTL_SECONDS: '300' }
    expect(warned(both, 'file')).toEqual([
      'ACCESS_TOKEN_FORMAT has no effect on the resources of the declaration file: set tokens.format there',
      'ACCESS_TOKEN_TTL_SECONDS has no effect on the resources of the declaration file: set tokens.ttl there',
    ])
    expect([warned({}, 'file'), warned(both, 'settings')]).toEqual([[], []])
  })
})
