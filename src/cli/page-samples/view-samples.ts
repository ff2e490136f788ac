/** Contexts of every page, calm ones and hostile ones: the tests render each, and screenshots are taken of them. */

import type { FormPostContext } from '../../authorization-server/pages/form-post-view.js'
import type {
  BarredContext,
  DoneContext,
  ErrorContext,
  ErrorKind,
  HandOffContext,
  SignInContext,
  Views,
} from '../../authorization-server/pages/views.js'
import { accountSamples } from './account-samples.js'
import { confirmSamples } from './confirm-samples.js'
import { connectSamples } from './connect-samples.js'
import { consentSamples } from './consent-samples.js'
import { factorSamples, passkeyOfSignIn } from './factor-samples.js'
import { forEachHostile, hostileTexts, longHost } from './hostile-samples.js'
import { newcomerSamples } from './newcomer-samples.js'

/** For every page, its contexts by the name of the situation. */
export type ViewSamples = { readonly [Name in keyof Views]: Readonly<Record<string, Views[Name]>> }

const csrfToken = 'sample-csrf-token'
const action = '/interaction/sample'

const signIn: SignInContext = {
  clientName: 'Claude Code',
  resourceName: 'Notes',
  methods: ['password'],
  email: '',
  recoverUrl: '/recover',
  action: `${action}/sign-in`,
  cancelAction: `${action}/cancel`,
  csrfToken,
}

const providers = [
  { id: 'work', name: 'Acme' },
  { id: 'github', name: 'GitHub' },
]

const handedOffUrl =
  'http://127.0.0.1:33418/callback?code=yT3Vw0x9Lr5aQm2Kc8NfZb6HdJ4uGs1P&state=6fK2&iss=http%3A%2F%2Flocalhost%3A3000'

function handOff(clientName: string | undefined, url = handedOffUrl): HandOffContext {
  return { clientName, url, code: 'yT3Vw0x9Lr5aQm2Kc8NfZb6HdJ4uGs1P', command: `curl "${url}"`, minutes: 5 }
}

function problem(kind: ErrorKind, details: Partial<ErrorContext> = {}): ErrorContext {
  return { ...details, kind, requestId: '0b0f5a3e-8f2c-4b7e-9a34-6d1f2f5f7c11' }
}

const errors: Readonly<Record<ErrorKind, ErrorContext>> = {
  'interaction-expired': problem('interaction-expired', { clientName: 'Claude Code' }),
  'interaction-used': problem('interaction-used', { clientName: 'Claude Code' }),
  'form-expired': problem('form-expired'),
  'provider-sign-in-lost': problem('provider-sign-in-lost'),
  'provider-unavailable': problem('provider-unavailable', { again: action }),
  'provider-declined': problem('provider-declined', { again: action }),
  'provider-answer-refused': problem('provider-answer-refused', { again: action }),
  'provider-no-account': problem('provider-no-account', { again: action }),
  'provider-connect-first': problem('provider-connect-first', { again: action }),
  'provider-linked-elsewhere': problem('provider-linked-elsewhere', { again: action }),
  'unknown-client': problem('unknown-client', { code: 'invalid_client', description: 'the client is not registered' }),
  'client-unavailable': problem('client-unavailable', { code: 'invalid_client' }),
  'client-refused': problem('client-refused', { code: 'invalid_client' }),
  'bad-redirect': problem('bad-redirect', { code: 'invalid_redirect_uri', clientName: hostileTexts.markup }),
  'bad-request': problem('bad-request', {
    code: 'invalid_request',
    description: 'code_challenge is missing',
    back: `https://${longHost}/callback?error=invalid_request&state=${hostileTexts.markup}`,
  }),
  'access-denied': problem('access-denied', { code: 'access_denied' }),
  'unknown-resource': problem('unknown-resource', { code: 'invalid_target' }),
  'set-up-unavailable': problem('set-up-unavailable'),
  'link-ended': problem('link-ended'),
  'invitation-ended': problem('invitation-ended'),
  'sign-up-ended': problem('sign-up-ended'),
  'not-found': problem('not-found'),
  'wrong-host': problem('wrong-host'),
  busy: problem('busy', { code: 'temporarily_unavailable' }),
  'too-many-requests': problem('too-many-requests', { code: 'temporarily_unavailable' }),
  'server-error': problem('server-error', { code: 'server_error' }),
}

function doneSample(clientName: string): DoneContext {
  return { outcome: 'allowed', clientName }
}

function formPostSample(state: string): FormPostContext {
  const fields = { code: 'a-code', state, iss: 'https://auth.example' }
  return { action: 'https://client.example/callback', host: 'client.example', fields }
}

function barredSample(clientName: string, name: string): BarredContext {
  const scopes = [{ name: 'tickets:write', title: name === 'Notes' ? 'Write notes' : 'Answer tickets' }]
  return {
    clientName,
    barredFor: 'registered',
    switchAccountAction: '/interaction/uid/switch-account',
    resources: [{ name, url: 'https://mcp.example.com/tickets', scopes }],
    action: '/interaction/sample/cancel',
    csrfToken,
    requestId: '0d0f6a52-7f0a-4a3e-9a39-5f0f3f6f4f8a',
  }
}

export const viewSamples: ViewSamples = {
  account: accountSamples,
  'sign-in': {
    first: signIn,
    'with a passkey': { ...signIn, methods: ['password', 'passkey'], passkey: passkeyOfSignIn },
    'by oneself': { methods: ['password'], email: '', action, csrfToken },
    'to the account': { methods: ['password'], toAccount: 'open', email: '', action, csrfToken },
    'once more': { methods: ['password'], toAccount: 'prove', email: 'ada@example.com', action, csrfToken },
    'with other providers': { ...signIn, providers, providerAction: `${action}/provider` },
    wrong: { ...signIn, email: 'ada@example.com', error: 'wrong-credentials' },
    'too many': { ...signIn, email: 'ada@example.com', error: 'too-many-attempts', retryAfterSeconds: 840 },
    'too many, nearly over': { ...signIn, error: 'too-many-attempts', retryAfterSeconds: 1 },
    'form expired': { ...signIn, email: 'ada@example.com', error: 'form-expired' },
    busy: { ...signIn, error: 'busy' },
    ...forEachHostile((text) => ({
      ...signIn,
      clientName: text,
      resourceName: text,
      email: text,
      providers: [{ id: 'work', name: text }],
      providerAction: `${action}/provider`,
    })),
  },
  ...factorSamples,
  consent: consentSamples,
  confirm: confirmSamples,
  barred: {
    one: barredSample('Claude Code', 'Acme Tickets'),
    several: {
      ...barredSample('Claude Code', 'Acme Tickets'),
      resources: [...barredSample('', 'Acme Tickets').resources, ...barredSample('', 'Notes').resources],
    },
    person: {
      ...barredSample('Claude Code', 'Acme Tickets'),
      barredFor: 'person',
      account: { email: 'ada@example.com' },
    },
    ...forEachHostile((text) => ({ ...barredSample(text, text), barredFor: 'person', account: { email: text } })),
  },
  device: {
    first: { userCode: '', action: '/device', xsrf: csrfToken },
    'by link': { userCode: 'BDWP-HQPK', action: '/device', xsrf: csrfToken },
    wrong: { userCode: 'BDWP-HQPX', error: 'unknown-code', action: '/device', xsrf: csrfToken },
    expired: { userCode: 'BDWP-HQPK', error: 'expired-code', action: '/device', xsrf: csrfToken },
    used: { userCode: 'BDWP-HQPK', error: 'used-code', action: '/device', xsrf: csrfToken },
    none: { userCode: '', error: 'no-code', action: '/device', xsrf: csrfToken },
    'form expired': { userCode: 'BDWP-HQPK', error: 'form-expired', action: '/device', xsrf: csrfToken },
    'too many': {
      userCode: 'BDWP-HQPX',
      error: 'too-many-attempts',
      retryAfterSeconds: 840,
      action: '/device',
      xsrf: csrfToken,
    },
    ...forEachHostile((text) => ({ userCode: text, action: '/device', xsrf: text })),
  },
  'hand-off': {
    plain: handOff('Claude Code'),
    long: handOff('Claude Code', `${handedOffUrl}&state=${'x'.repeat(500)}`),
    ...forEachHostile((text) => handOff(text, `${handedOffUrl}&state=${text}`)),
  },
  'set-up': {
    first: { email: '', passwordLength: 15, errors: {}, action: '/set-up/sample', csrfToken },
    mistakes: {
      email: 'ada',
      passwordLength: 15,
      errors: { email: 'no-address', password: 'too-short' },
      action: '/set-up/sample',
      csrfToken,
    },
    ...forEachHostile((text) => ({
      email: text,
      passwordLength: 15,
      errors: { password: 'too-short' },
      action: '/set-up/sample',
      csrfToken,
    })),
  },
  ...newcomerSamples,
  'set-up-done': {
    done: { email: 'ada@example.com', resourceUrl: 'http://localhost:4000/mcp', connectUrl: '/connect' },
    long: { email: `${'a'.repeat(60)}@${longHost}`, resourceUrl: `https://${longHost}/mcp`, connectUrl: '/connect' },
  },
  recover: {
    first: { sendsMail: true, email: '', action: '/recover', csrfToken },
    mistake: { sendsMail: true, email: 'ada', error: 'no-address', action: '/recover', csrfToken },
    'no mail': { sendsMail: false, email: '', action: '/recover', csrfToken },
    ...forEachHostile((text) => ({ sendsMail: true, email: text, error: 'no-address', action: '/recover', csrfToken })),
  },
  'recover-sent': {
    sent: { email: 'ada@example.com' },
    long: { email: `${'a'.repeat(60)}@${longHost}` },
  },
  reset: {
    first: { email: 'ada@example.com', passwordLength: 15, disconnects: false, action: '/reset/sample', csrfToken },
    mistake: {
      ...{ email: `${'a'.repeat(60)}@${longHost}`, passwordLength: 15, error: 'too-short', disconnects: true },
      ...{ action: '/reset/sample', csrfToken },
    },
  },
  'reset-done': {
    done: { email: 'ada@example.com', disconnects: false },
    disconnected: { email: 'ada@example.com', disconnects: true },
  },
  'sign-out': {
    plain: { action: '/logout/confirm', fields: { xsrf: 'sample' }, confirm: { name: 'logout', value: 'yes' } },
    ...forEachHostile((text) => ({
      clientName: text,
      action: '/logout/confirm',
      fields: { xsrf: text },
      confirm: { name: 'logout', value: 'yes' },
    })),
  },
  'signed-out': {
    plain: { hasStayed: false },
    stayed: { hasStayed: true },
    'with a way on': { hasStayed: false, back: 'https://client.example/signed-out?state=x' },
  },
  'form-post': {
    code: formPostSample('state-1'),
    ...forEachHostile(formPostSample),
  },
  done: {
    allowed: doneSample('Claude Code'),
    denied: { outcome: 'denied', clientName: 'Claude Code' },
    cancelled: { outcome: 'cancelled' },
    ...forEachHostile(doneSample),
  },
  connect: connectSamples,
  error: { ...errors },
  home: {
    one: {
      resources: [{ name: 'Notes', url: 'http://localhost:4000/mcp', connectUrl: '/connect' }],
      metadataUrl: 'http://localhost:3000/.well-known/oauth-authorization-server',
      isAccountMissing: false,
      accountUrl: '/account',
    },
    several: {
      resources: [
        { name: 'Notes', url: 'http://localhost:4000/mcp', connectUrl: '/connect/notes' },
        { name: 'Teams', url: 'https://*.mcp.example.com/mcp' },
      ],
      metadataUrl: 'http://localhost:3000/.well-known/oauth-authorization-server',
      isAccountMissing: false,
    },
    'before set-up': {
      resources: [{ name: 'Notes', url: 'http://localhost:4000/mcp', connectUrl: '/connect' }],
      metadataUrl: 'http://localhost:3000/.well-known/oauth-authorization-server',
      isAccountMissing: true,
    },
    none: {
      resources: [],
      metadataUrl: 'https://auth.example.com/.well-known/oauth-authorization-server',
      isAccountMissing: false,
    },
    ...forEachHostile((name) => ({
      resources: [{ name, url: `https://${longHost}/mcp`, connectUrl: '/connect' }],
      metadataUrl: `https://${longHost}/.well-known/oauth-authorization-server`,
      isAccountMissing: true,
    })),
  },
}
