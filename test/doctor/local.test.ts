import { describe, expect, it } from '@jest/globals'
import type { Problem } from '../../src/doctor/finding.js'
import type { DatabaseCondition } from '../../src/doctor/local/database-condition.js'
import type { AddressFacts, DatabaseFacts, LocalFacts, StoredFacts } from '../../src/doctor/local/facts.js'
import { diagnoseLocally } from '../../src/doctor/local/local.js'
import { type LocalProblemCode, localProblems } from '../../src/doctor/local/problems.js'
import type { ReceivedRequest } from '../../src/http/proxy-probe.js'

const at = new Date('2026-11-21T12:00:00Z')
const limits = { statementSeconds: 10, lockSeconds: 5, idleTransactionSeconds: 10 }
const migrations = { pending: [], unknown: [], changed: [], failed: [] }
const condition: DatabaseCondition = {
  ...{ version: '17.2', versionNumber: 170_002, aheadSeconds: 0.01, unsafeSettings: [], limits },
  ...{ isEncrypted: false, address: '10.0.0.7', isSuperuser: false, connections: { limit: 97, free: 60 } },
}
const database: DatabaseFacts = {
  ...{ part: 'auth', isEmbedded: false, poolSize: 10, wantedLimits: limits, migratesOnStart: true },
  ...{ state: 'open', detail: '', condition, migrations, overdueRows: [{ table: 'sessions', seconds: 800 }] },
}
const stored: StoredFacts = {
  keys: { areUnmade: false, missing: [], overdue: [] },
  seals: [{ what: 'keys', count: 3, state: 'newest' }],
  ...{ accounts: 1, clients: 0 },
}
const issuer = 'https://auth.example.com'
const request = { method: 'GET', url: `${issuer}/.well-known/oauth-authorization-server`, headers: {} }
const answer = (body: unknown, status = 200): AddressFacts['exchange'] => ({
  ...{ request, status, headers: new Headers({ date: at.toUTCString() }), body: JSON.stringify(body) },
  ...{ isWhole: true, startedAt: at, durationMs: 10 },
})
const certificate = {
  ...{ origin: issuer, validFrom: new Date('2026-10-01'), validTo: new Date('2026-12-30'), names: '', fitsHost: true },
  chainError: undefined,
}
const received: ReceivedRequest = {
  ...{ host: 'auth.example.com', forwardedFor: '192.0.2.77, 203.0.113.9', forwardedProto: 'https' },
  ...{ peer: '10.0.0.2', isPeerTrusted: true, address: '203.0.113.9' },
}
const address: AddressFacts = {
  ...{ setting: 'ISSUER_URL', url: issuer, member: 'issuer', identifier: issuer, exchange: answer({ issuer }) },
  certificate,
  received,
  isProbed: true,
}
const receivedAs = (change: Partial<ReceivedRequest>, further: Partial<AddressFacts> = {}) =>
  withAddress({ received: { ...received, ...change }, ...further })
const sound: LocalFacts = {
  ...{ at, parts: ['auth', 'mcp'], mistakes: [], warnings: [], databases: [database], stored, disk: undefined },
  ...{ encryptionKey: {}, clientsMayCome: true, followsRevocations: true, addresses: [address] },
  feed: { isFollowing: true },
}

const withDatabase = (change: Partial<DatabaseFacts>): Partial<LocalFacts> => ({
  databases: [{ ...database, ...change }],
})
const withCondition = (change: Partial<DatabaseCondition>) => withDatabase({ condition: { ...condition, ...change } })
const withMigrations = (change: Partial<DatabaseFacts['migrations']>, migratesOnStart = true) =>
  withDatabase({ migrations: { ...migrations, ...change }, migratesOnStart })
const withStored = (change: Partial<StoredFacts>): Partial<LocalFacts> => ({ stored: { ...stored, ...change } })
const withKeys = (change: Partial<StoredFacts['keys']>) => withStored({ keys: { ...stored.keys, ...change } })
const withAddress = (change: Partial<AddressFacts>): Partial<LocalFacts> => ({ addresses: [{ ...address, ...change }] })
const silence = { request, silence: 'refused', detail: 'connect ECONNREFUSED' } as const
const folder = '/var/lib/gatehouse'

const findings: readonly (readonly [Problem['code'], Partial<LocalFacts>, RegExp])[] = [
  ['setting-wrong', { mistakes: ['HOST is wrong'] }, /^HOST is wrong$/],
  ['setting-unsafe', { warnings: ['RATE_LIMITS=off: …'] }, /^RATE_LIMITS/],
  ['revocations-not-followed', { followsRevocations: false }, /MCP_SERVER_SECRET/],
  [
    'database-unreachable',
    { databases: [{ ...database, state: 'unreachable', detail: 'refused' }] },
    /^auth: refused$/,
  ],
  ['database-in-use', { databases: [{ ...database, state: 'in use', detail: 'used' }] }, /^auth: used$/],
  ['database-too-old', withCondition({ versionNumber: 120_022, version: '12.22' }), /PostgreSQL 12\.22/],
  [
    'database-read-only',
    { databases: [{ ...database, state: 'read-only', detail: 'only reads' }] },
    /^auth: only reads$/,
  ],
  ['database-forgets', withCondition({ unsafeSettings: ['fsync=off'] }), /fsync=off/],
  ['database-plain', withCondition({ address: '93.184.216.34' }), /93\.184\.216\.34, without TLS/],
  ['database-superuser', withCondition({ isSuperuser: true }), /rolsuper/],
  ['database-limits-lost', withCondition({ limits: { ...limits, lockSeconds: 0 } }), /lock_timeout is 0 s, not 5 s/],
  ['connections-too-few', withCondition({ connections: { limit: 9, free: 9 } }), /9 connections allowed/],
  ['connections-short', withCondition({ connections: { limit: 97, free: 9 } }), /9 of them free/],
  ['clock-drifts', withCondition({ aheadSeconds: -6 }), /6\.0 s behind this machine/],
  ['clock-off', withCondition({ aheadSeconds: 61 }), /61\.0 s ahead of this machine/],
  ['migrations-pending', withMigrations({ pending: ['b', 'c'] }), /^auth: b, c$/],
  ['migrations-due', withMigrations({ pending: ['b'] }, false), /^auth: b$/],
  ['migrations-unknown', withMigrations({ unknown: ['z'] }), /z/],
  ['migrations-changed', withMigrations({ changed: ['a'] }), /a/],
  ['migrations-failed', withMigrations({ failed: ['a'], pending: ['a'] }), /a/],
  ['encryption-key-missing', { encryptionKey: { file: 'k', flaw: 'k is missing' } }, /k is missing/],
  ['encryption-key-exposed', { encryptionKey: { file: 'k', isReadableByOthers: true } }, /^k$/],
  [
    'encryption-key-wrong',
    withStored({ seals: [{ what: 'keys', count: 2, state: 'closed' }] }),
    /2 keys under an encryption key/,
  ],
  ['encryption-key-older', withStored({ seals: [{ what: 'client secrets', count: 7, state: 'older' }] }), /7 client/],
  ['signing-key-missing', withKeys({ missing: ['RS256'] }), /RS256/],
  ['keys-not-tended', withKeys({ overdue: ['the ES256 key x should sign by now'] }), /should sign/],
  ['purge-behind', withDatabase({ overdueRows: [{ table: 'grants', seconds: 7_300 }] }), /grants.* 2 hours late/],
  ['no-account', withStored({ accounts: 0 }), /no account/],
  ['no-client-may-come', { clientsMayCome: false }, /no client is stored/],
  ['disk-full', { disk: { folder, freeBytes: 60 * 1_048_576, isWritable: true } }, /60 MiB free/],
  ['disk-full', { disk: { folder, freeBytes: 1e12, isWritable: false } }, /cannot be written/],
  ['disk-low', { disk: { folder, freeBytes: 900 * 1_048_576, isWritable: true } }, /900 MiB free/],
  ['address-silent-here', withAddress({ exchange: silence }), /^ISSUER_URL: GET https.*ECONNREFUSED$/],
  ['address-of-others', withAddress({ exchange: answer({ issuer: 'x' }) }), /"issuer" is "x", not "https:/],
  ['address-of-others', withAddress({ exchange: answer('<html>', 502) }), /: 502 \(no content type\)/],
  ['proxy-changes-host', withAddress({ exchange: answer({}, 421) }), /: 421/],
  [
    'proxy-changes-host',
    receivedAs({ host: 'auth:3000' }, { exchange: answer({}, 421) }),
    /: 421 .*for Host: auth:3000$/,
  ],
  ['arrival-untold', withAddress({ received: undefined }), /^ISSUER_URL: x-gatehouse-probe was sent, x-/],
  [
    'arrival-untold',
    withAddress({ received: undefined, isProbed: false }),
    /^ISSUER_URL: this machine and that server share no secret/,
  ],
  ['proxy-renames-host', receivedAs({ host: 'auth:3000' }), /Host: auth:3000$/],
  [
    'proxy-unnamed',
    receivedAs({ isPeerTrusted: undefined }),
    /from 10\.0\.0\.2, with X-Forwarded-For: 192\.0\.2\.77, 203/,
  ],
  ['proxy-not-trusted', receivedAs({ isPeerTrusted: false }), /from 10\.0\.0\.2, which TRUSTED_PROXIES/],
  ['proxy-hides-address', receivedAs({ forwardedFor: undefined }), /no X-Forwarded-For/],
  [
    'address-forgeable',
    receivedAs({ forwardedFor: '192.0.2.77', address: '192.0.2.77' }),
    /made up and nothing else, X-Forwarded-For: 192/,
  ],
  ['proxy-reached-plainly', receivedAs({ forwardedProto: 'http, https' }), /Proto: http, https$/],
  ['issuer-out-of-reach', withAddress({ setting: 'ISSUER_INTERNAL_URL', exchange: silence }), /^ISSUER_INTERNAL_URL/],
  ['mcp-secret-refused', { feed: { isFollowing: false, reason: 'Error: status 401' } }, /401/],
  ['feed-silent', { feed: { isFollowing: false, reason: 'Error: status 404' } }, /404/],
  ['smtp-failed', { mail: { failure: 'EAUTH AUTH PLAIN 535' } }, /^SMTP_URL: EAUTH AUTH PLAIN 535$/],
  ['certificate-expired', withAddress({ certificate: { ...certificate, validTo: at } }), /valid until/],
]

const problemsOf = (facts: LocalFacts) =>
  diagnoseLocally(facts).groups.flatMap(({ checks }) => checks.flatMap(({ problems }) => problems))

describe('the doctor on the operator’s side', () => {
  it('has nothing to say of a sound deployment', () => {
    expect(problemsOf(sound)).toEqual([])
  })

  it.each(findings)('finds %s (%#)', (code, change, seen) => {
    const found = problemsOf({ ...sound, ...change })
    expect(found.map((problem) => [problem.code, problem.seen])).toEqual([[code, expect.stringMatching(seen)]])
  })

  it('has a case for every problem that it knows', () => {
    const tried = new Set<string>(findings.map(([code]) => code))
    expect((Object.keys(localProblems) as LocalProblemCode[]).filter((code) => !tried.has(code))).toEqual([])
  })

  it('judges only what is there', () => {
    const nothing: LocalFacts = {
      ...sound,
      databases: [],
      stored: undefined,
      encryptionKey: undefined,
      addresses: [],
      feed: undefined,
    }
    const outcomes = diagnoseLocally({ ...nothing, parts: ['auth'] }).groups.flatMap(({ checks }) => checks)
    expect(outcomes.filter(({ outcome }) => outcome !== 'skipped').map(({ id }) => id)).toEqual([
      'settings',
      'settings-safe',
    ])
  })
})
