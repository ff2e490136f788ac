/** Group I: what must not be there at all, and settings that no operator may have. */
import { expect } from '@jest/globals'
import { type ConfigError, type Environment, parseConfig } from '../../src/config/config.js'
import { isSignInPage, signIn } from '../support/authorization.js'
import { pageOf } from '../support/browser.js'
import { newGrant, startAuthorization } from '../support/oauth-client.js'
import type { Row } from './http-world.js'
import { rawGet } from './sockets.js'

/** What no setting of an operator may be. */
function refusedSettings(name: string, source: string, environments: readonly Environment[]): Row {
  return {
    id: 'I143',
    name,
    source,
    run: async () => {
      for (const environment of environments) {
        let mistakes: readonly string[] = []
        try {
          parseConfig(environment, () => 'x')
        } catch (error) {
          mistakes = (error as ConfigError).mistakes
        }
        expect([environment, mistakes.length > 0]).toEqual([environment, true])
        // What was wrong is named, a secret is not repeated.
        expect(mistakes.join()).not.toContain('hunter2')
      }
    },
  }
}

export const attacks: readonly Row[] = [
  {
    id: 'I141',
    name: 'administration, metrics, diagnostics and their files on the public ports',
    source: 'CVE-2024-3656, CVE-2026-25227',
    run: async ({ stack }) => {
      const paths = [
        '/admin',
        '/admin/',
        '/api',
        '/api/users',
        '/api/v1/clients',
        '/clients',
        '/accounts',
        '/users',
        '/console',
        '/manage',
        '/management',
        '/metrics',
        '/prometheus',
        '/debug',
        '/debug/pprof',
        '/debug/vars',
        '/actuator',
        '/actuator/env',
        '/status',
        '/server-status',
        '/stats',
        '/info',
        '/version',
        '/graphql',
        '/swagger',
        '/openapi.json',
        '/docs',
        '/realms/master',
        '/oauth2/auth',
        '/self-service',
        '/scim/v2/Users',
        '/.well-known/security.txt/..',
        '/config',
        '/config.json',
        '/env',
        '/.env',
        '/.git/HEAD',
        '/backup.sql',
        '/data',
        '/data/encryption.key',
        '/dump',
        '/logs',
        '/test',
        '/phpmyadmin',
        '/node_modules',
        '/dist/main.js',
        '/trace',
        '/keys',
        '/health',
        '/healthz',
      ]
      const headers = { authorization: 'Bearer x', accept: 'application/json' }
      for (const origin of [stack.issuer, new URL(stack.resource).origin]) {
        for (const path of paths) {
          const { status } = await rawGet(origin, path, headers)
          expect([path, status]).toEqual([path, 404])
        }
      }
    },
  },
  {
    id: 'I141',
    name: 'accounts that everybody tries first',
    source: 'ASVS 6.3.2',
    run: async ({ stack }) => {
      const grant = await newGrant(stack)
      const browser = stack.newBrowser()
      let page = pageOf(await browser.open(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url))
      for (const [email, password] of [
        ['admin', 'admin'],
        ['admin@example.com', 'admin'],
        ['root', 'root'],
        ['admin@localhost', 'changeme'],
        [stack.account.email, stack.account.email],
        [stack.account.email, ''],
      ] as const) {
        page = pageOf(await signIn(browser, page, { email, password }))
        expect([email, isSignInPage(page)]).toEqual([email, true])
      }
    },
  },
  {
    id: 'I141',
    name: 'the set-up of a first account, once there is one',
    source: 'CVE-2026-105215',
    run: async ({ stack }) => {
      for (const path of [
        '/setup',
        '/setup?token=',
        '/setup?token=x',
        '/setup?token[]=x',
        '/setup?token=x&token=y',
        '/SETUP?token=x',
        '/setup/?token=x',
      ]) {
        const { status } = await rawGet(stack.issuer, path)
        expect([path, [400, 404].includes(status)]).toEqual([path, true])
        const posted = await fetch(`${stack.issuer}${path}`, {
          method: 'POST',
          redirect: 'manual',
          body: new URLSearchParams({ email: 'mallory@example.com', password: 'a long enough pass phrase' }),
        })
        expect([path, posted.status >= 400 && posted.status < 500]).toEqual([path, true])
      }
    },
  },
  {
    id: 'I142',
    name: 'a sign-in of somebody else, by its address',
    source: 'RFC 9700 §4.7, ASVS 8.2.2',
    run: async ({ stack }) => {
      const grant = await newGrant(stack)
      const page = pageOf(
        await stack.newBrowser().open(startAuthorization(grant.server, { ...grant, scope: 'notes:read' }).url),
      )
      const stranger = stack.newBrowser()
      for (const path of ['', '/consent', '/sign-in', '/abort', '/..', '?x']) {
        const arrival = pageOf(await stranger.open(`${page.url}${path}`))
        expect([path, arrival.status >= 400 && arrival.status < 500]).toEqual([path, true])
        const fields = {
          email: stack.account.email,
          password: stack.account.password,
          decision: 'allow',
          scope: 'notes:read',
        }
        const posted = pageOf(await stranger.post(`${page.url}${path}`, fields))
        expect([path, posted.status >= 400 && posted.status < 500]).toEqual([path, true])
      }
    },
  },
  refusedSettings('an issuer or a resource without TLS, off this machine', 'RFC 8414 §2, RFC 9728 §2', [
    { ISSUER_URL: 'http://auth.example.com' },
    { ISSUER_URL: 'http://localhost.example.com' },
    { ISSUER_URL: 'http://10.0.0.1:3000' },
    { RESOURCE_URL: 'http://mcp.example.com/mcp' },
    { ISSUER_URL: 'https://auth.example.com/?x=1' },
    { ISSUER_URL: 'https://auth.example.com/#x' },
    { ISSUER_URL: 'https://ada:hunter2@auth.example.com' },
    { ISSUER_URL: 'javascript:alert(1)' },
  ]),
  refusedSettings('switches for development, where people are', 'CVE-2026-33505', [
    {
      ISSUER_URL: 'https://auth.example.com',
      RESOURCE_URL: 'https://mcp.example.com/mcp',
      dangerouslyAllowLoopbackClientMetadata: 'true',
    },
    { ALLOWED_ORIGINS: '*' },
    { TRUSTED_PROXIES: '*' },
    { TRUSTED_PROXIES: 'all' },
    { ALLOWED_PRIVATE_USE_REDIRECTS: 'javascript:alert(1)' },
    { ALLOWED_PRIVATE_USE_REDIRECTS: '*' },
    { ACCESS_TOKEN_TTL_SECONDS: '31536000' },
    { ACCESS_TOKEN_TTL_SECONDS: '0' },
    { ACCESS_TOKEN_FORMAT: 'none' },
  ]),
  refusedSettings('secrets that are short, and settings nobody knows', 'CVE-2026-33505, ASVS 13.2', [
    { ENCRYPTION_KEY: 'hunter2' },
    { ENCRYPTION_KEY: '0' },
    { MCP_SERVER_SECRET: 'hunter2' },
    { BOOTSTRAP_EMAIL: 'ada@example.com' },
    { BOOTSTRAP_PASSWORD: 'hunter2' },
    { GATEHOUSE_ISSUER_URL: 'https://auth.example.com' },
    { ISSUER_URL_FILE: '/x', ISSUER_URL: 'https://auth.example.com' },
    { DATABASE_URL: 'mysql://root:hunter2@db/x' },
  ]),
]
