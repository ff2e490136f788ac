/**
 * The catalogue of errors is complete: each text that this program or its engine can answer, log or print has an entry, and each entry
 * has a text that something says. Errors that tests provoke are compared besides, in every test file: test/support/known-problems.ts.
 */
import { readFileSync } from 'node:fs'
import { describe, expect, it } from '@jest/globals'
import type { DeviceEntryError, SecondFactorError, SignInError } from '../../src/authorization-server/pages/views.js'
import { explainedEntries } from '../../src/cli/explained.js'
import { problemGroups } from '../../src/problems/catalogue.js'
import { errorCodes } from '../../src/problems/error-codes.js'
import { problemOf } from '../../src/problems/find-problem.js'
import type { errorPages, formProblems } from '../../src/problems/pages.js'
import type { Problem } from '../../src/problems/problem.js'
import { fits } from '../../src/problems/said-text.js'
import type { AuditReason } from '../../src/resource-server/audit.js'
import { literalsBehind, literalsOf, literalsOfCalls, type Source, sourcesIn } from './source-texts.js'

const own = sourcesIn('src/', '.ts').filter(({ path }) => !path.startsWith('src/problems/'))
const engine = sourcesIn('node_modules/oidc-provider/lib/', '.js')

const problems: readonly Problem[] = problemGroups.flatMap(({ problems }) => Object.values(problems))
const listed = problems.flatMap(({ says = [], logs = [] }) => [...says, ...logs])
/** The form of a line is no text: everything would have it. */
const telling = listed.filter((text) => /\w{3}/.test(text))

/** What stands around a text when it is read: the setting's name, or the URL of a document. */
const readAs = [
  (text: string) => text,
  (text: string) => `NAME ${text}`,
  (text: string) => `https://app.example: refused or failed: ${text}`,
  (text: string) => `https://app.example: ${text}`,
  (text: string) => `Parse error: ${text}`,
]

const isListed = (text: string) => {
  const filled = text.replaceAll('{}', 'x')
  // What the sources make of parts is listed as it reads: `authorization code not found`.
  const isPattern = text.includes('{}') && text.replaceAll(/\{\}|\W/g, '').length >= 8
  return telling.some(
    (template) =>
      template === text ||
      readAs.some((read) => fits(template, read(filled))) ||
      (isPattern && fits(text, template.replaceAll('{}', 'x'))),
  )
}

/** Words for people and programs; not the names of codes, headers and media types. */
const isSentence = (text: string) => /[a-z]{2,} \S/i.test(text) && !/^(?:application|text)\//.test(text)

const missing = (sources: readonly Source[], textsOf: (source: Source) => readonly string[]) =>
  sources.flatMap((source) => {
    const unlisted = textsOf(source).filter((text) => !isListed(text))
    return unlisted.map((text) => `${source.path}: ${text}`)
  })

const inRooms = (...rooms: string[]) => own.filter(({ path }) => rooms.some((room) => path.startsWith(`src/${room}`)))

describe('Every error has an entry', () => {
  const answering = inRooms(
    'authorization-server/',
    'mcp-host/',
    'resource-server/',
    'issuer-front/',
    'http/',
    'outbound/',
    'database/outage',
    'storage/grants/',
  )

  it('that is answered, or says more in the log', () => {
    const calls =
      /\b(?:OAuthError|PageError|engineError|temporarilyUnavailable|ClientUnavailable|ClientRefused|verificationUnavailable|AdapterRefusal|UntrustedFetchError|UntrustedFetchBusyError|AssertionRefused|KeysUnavailable|refusalOf|errorRefusal)\(/g
    /** Words of `AdapterRefusal`, which the engine's errors replace. */
    const reasons = new Set(['grant gone', 'device code answered', 'interaction over', 'request used'])
    const texts = (source: Source) =>
      literalsOfCalls(source, calls).filter((text) => isSentence(text) && !reasons.has(text))
    expect(missing(answering, texts)).toEqual([])
  })

  it('in one word as well', () => {
    const calls = /(?<!function )\b(?:invalidToken|invalidProof|AssertionRefused)\(/g
    const first = (source: Source) => literalsOfCalls(source, calls).filter((text) => text !== '' && text !== '\0')
    expect(missing(inRooms('resource-server/', 'authorization-server/grants/'), first)).toEqual([])
  })

  it('whose text has a name first', () => {
    const places =
      /\b(?:(?:detail|error_description|malformed)\??:|(?:const|let) (?:text|description|detail|publicText|said)\b[^=\n]*=|refuseGrant\(ctx,)\s*/g
    expect(missing(answering, (source) => literalsBehind(source, places).filter(isSentence))).toEqual([])
  })

  it('of the rules for client metadata and for assertions', () => {
    const files = ['oauth/registration-rules', 'oauth/grant-types', 'authorization-server/grants/identity-assertion.ts']
    const rules = missing(inRooms(...files), (source) => literalsBehind(source, /\bmessage:\s*/g).filter(isSentence))
    expect(rules).toEqual([])
    const front = inRooms('issuer-front/authorization')
    expect(missing(front, (source) => literalsOfCalls(source, /\binvalid\(/g).filter(isSentence))).toEqual([])
  })

  it('that is logged on its own', () => {
    const calls = /\blog(?:\?)?\.(?:info|warn|error|debug)\(/g
    const logged = (source: Source) => literalsOfCalls(source, calls).filter((text) => isSentence(text))
    expect(missing(own, logged)).toEqual([])
  })

  it('that keeps a server from starting', () => {
    const starting = inRooms(
      'config/',
      'oauth/public-url',
      'oauth/trusted-issuer',
      'oauth/usage-limits',
      'oauth/deployment',
      'program/',
      'database/folder-lock',
      'database/embedded-folders',
      'database/database-url',
      'database/database-guest',
      'database/migrate',
      'base/encryption-key',
      'storage/keys/keys',
      'cli/failure',
      'authorization-server/accounts/bootstrap',
      'authorization-server/clients/clients-file',
      'authorization-server/resources/resource-file',
    )
    const calls = /\b(?:throw new (?:Range)?Error|mistakes\.push|warnings\.push|Promise\.reject\(new Error)\(/g
    /** Faults of this program, and what stands behind the name of a file or an entry. */
    const isInner = (text: string) =>
      /^(?:another worker is not ready|a worker|nobody|it must|must be an object|is not known|\{\}: is listed more|an issuer is named twice)/.test(
        text,
      )
    const texts = (source: Source) =>
      literalsOfCalls(source, calls).filter((text) => isSentence(text) && !isInner(text))
    expect(missing(starting, texts)).toEqual([])
    const failures = (source: Source) => literalsBehind(source, /^ {2}'?\w+'?:\s*/gm).filter(isSentence)
    expect(missing(inRooms('cli/failure'), failures)).toEqual([])
  })

  it('of the engine', () => {
    /** Of features that this server does not switch on (engine/provider.ts). */
    const off =
      /ciba|openid4vci|credential|attest|challenge|check_rar|rich_auth|configuration\.js|sector|pre_authorized|initialize_|web_message|backchannel|mtls|id_token\.js|keystore|defaults\.js/
    const reachable = engine.filter(({ path }) => !off.test(path))
    const calls =
      /\bnew (?:errors\.)?(?:Invalid\w+|UnauthorizedClient|Unsupported\w+|AccessDenied|Unmet\w+|SessionNotFound|\w+Required|TemporarilyUnavailable|ExpiredToken|SlowDown|AuthorizationPending|\w+NotSupported|UseDpopNonce|InsufficientScope)\(|\b(?:checkXsrf|[vV]alidateJsonBody|getValidateJsonBody|checkClientSecretExpiration|invalidate|new Check)\(/g
    /** Of mutual TLS, message modes and signed request objects, which are off, in files that have more. */
    const isOff = (text: string) =>
      /certificate|x5t#S256|mutual TLS|Web Message|JWT Authorization response|pairwise|OAuth-Client-Attestation|Rich Authorization|authorization_details|proof-of-possession mechanisms|unless encrypted|implicit flow|tls_client_auth|[rR]equest [oO]bject|request alg|preregistered alg|Pushed Authorization Request must/.test(
        text,
      )
    const texts = (source: Source) => literalsOfCalls(source, calls).filter((text) => isSentence(text) && !isOff(text))
    expect(missing(reachable, texts)).toEqual([])
    const described = /(?:error_description =|\bE\('\w+',)\s*/g
    expect(missing(engine, (source) => literalsBehind(source, described).filter(isSentence))).toEqual([])
  })

  it('that the guard’s record gives as its reason', () => {
    // The compiler holds the list of reasons.
    const reasons: Readonly<Record<AuditReason, true>> = {
      invalid_request: true,
      invalid_client: true,
      invalid_grant: true,
      unauthorized_client: true,
      unsupported_grant_type: true,
      invalid_scope: true,
      access_denied: true,
      server_error: true,
      temporarily_unavailable: true,
      invalid_token: true,
      insufficient_scope: true,
      invalid_redirect_uri: true,
      invalid_client_metadata: true,
      invalid_target: true,
      invalid_dpop_proof: true,
      allowed: true,
      hidden: true,
      rate_limited: true,
      no_token: true,
    }
    const anchors = new Set([...explainedEntries.map(({ code }) => code), ...Object.keys(errorCodes)])
    expect(Object.keys(reasons).filter((reason) => !anchors.has(reason))).toEqual([])
  })

  it('that a form shows', () => {
    // The compiler holds these: a new one without an entry does not compile.
    const shown: Readonly<
      Record<SignInError | SecondFactorError | DeviceEntryError, keyof typeof errorPages | keyof typeof formProblems>
    > = {
      'wrong-credentials': 'wrong-credentials',
      'wrong-passkey': 'wrong-passkey',
      'wrong-code': 'wrong-code',
      'too-many-attempts': 'too-many-attempts',
      'form-expired': 'form-expired',
      busy: 'busy',
      'no-code': 'no-code',
      'unknown-code': 'unknown-code',
      'expired-code': 'expired-code',
      'used-code': 'used-code',
    }
    expect(Object.keys(shown)).toEqual(Object.values(shown))
    const words: unknown = JSON.parse(readFileSync(new URL('../../views/text.en.json', import.meta.url), 'utf8'))
    const errorTexts = Object.entries(words as Readonly<Record<string, object>>).flatMap(([page, texts]) => {
      const errors = (texts as Readonly<Record<string, unknown>>)['errors']
      return errors === undefined
        ? []
        : literalsOf(JSON.stringify(errors))
            .filter(isSentence)
            .map((text) => ({ page, text }))
    })
    expect(errorTexts.length).toBeGreaterThan(8)
    expect(errorTexts.filter(({ text }) => !isListed(text))).toEqual([])
  })
})

describe('Every entry', () => {
  it('has a code of its own, also among the doctor’s', () => {
    const codes = explainedEntries.map(({ code }) => code)
    expect(codes.filter((code, index) => codes.indexOf(code) !== index)).toEqual([])
    expect(codes.filter((code) => !/^[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*$/.test(code))).toEqual([])
  })

  it('says what it means, who changes what, and how to see it', () => {
    const isNoFailure = new Set(['allowed', 'expected'])
    const incomplete = explainedEntries.filter(
      ({ code, means, changes, shows, texts, errors }) =>
        means === '' ||
        shows === '' ||
        (changes.length === 0 && !isNoFailure.has(code)) ||
        (texts.length === 0 && errors.length === 0),
    )
    expect(incomplete.map(({ code }) => code)).toEqual([])
  })

  it('has texts that something says', () => {
    const words = readFileSync(new URL('../../views/text.en.json', import.meta.url), 'utf8')
    const said = new Set([
      ...[...own, ...engine, ...sourcesIn('node_modules/jose/dist/webapi/', '.js')].flatMap(({ text }) =>
        literalsOf(text),
      ),
      ...literalsOf(words.replaceAll(/\{\w+\}/g, '{}')),
    ])
    const templates = [...said].filter((text) => text.replaceAll('{}', '').replaceAll(/\W/g, '').length >= 5)
    const bare = (text: string) =>
      [
        text,
        text.replace(/^\{\} (?=must|and|was|is|names|cannot|has)/, ''),
        text.replace(/^\{\}: (?:\{\}|refused or failed: )?/, '').replace(/\{\}$/, ''),
        text.replace(/^Parse error: |: \{\}$/, ''),
        text.replaceAll('{}', 'NAME'),
      ].map((form) => form.replaceAll('{}', 'x'))
    const isSaid = (text: string) =>
      said.has(text) || bare(text).some((form) => said.has(form) || templates.some((template) => fits(template, form)))
    expect(listed.filter((text) => !isSaid(text))).toEqual([])
  })

  it('is found by what a client and the log are told', () => {
    const failure = { error: 'invalid_grant', description: 'grant request is invalid' }
    expect(problemOf(failure)).toBe('grant-invalid')
    expect(problemOf({ ...failure, detail: 'refresh token already used' })).toBe('refresh-reused')
    expect(problemOf({ error: 'invalid_token', description: 'x', detail: 'expired' })).toBe('token-expired')
    expect(problemOf({ error: 'request_not_supported' })).toBe('request-object-unsupported')
    const metadata = {
      error: 'invalid_client_metadata',
      description: 'client_name must be plain text of at most 80 characters',
    }
    expect(problemOf(metadata)).toBe('client-name-invalid')
    expect(problemOf({ error: 'invalid_request', description: 'an error that nobody planned' })).toBeUndefined()
  })
})
