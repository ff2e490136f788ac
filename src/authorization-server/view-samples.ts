/** Contexts of every page, calm ones and hostile ones: the tests render each, and screenshots are taken of them. */
import type {
  ConsentContext,
  ConsentScopeContext,
  DoneContext,
  ErrorContext,
  ErrorKind,
  SignInContext,
  Views,
} from './views.js'

/** For every page, its contexts by the name of the situation. */
export type ViewSamples = { readonly [Name in keyof Views]: Readonly<Record<string, Views[Name]>> }

const csrfToken = 'sample-csrf-token'
const action = '/interaction/sample'

/** Markup, template code, bidi controls, invisible letters, stacked marks and endless words: what a stranger can put in a name. */
export const hostileTexts = {
  markup: '"><script>alert(1)</script><img src=x onerror=alert(1)> <%= 7*7 %> {{7*7}}',
  quotes: `it's "quoted" & \`ticked\``,
  bidi: 'Claude\u202e edoC\u202c \u2066\u200b\u0007 tool',
  rightToLeft: 'تطبيق ملاحظات لكل فريق',
  emoji: '👩‍👩‍👧‍👦 Notes 🏳️‍🌈'.repeat(20),
  stackedMarks: `Z${'\u0301\u0323'.repeat(60)}algo`,
  endless: 'W'.repeat(200),
  invisible: '\u200b\u2060\u3164',
} as const

const longHost = `accounts.example.com.${'very-long-label-'.repeat(3)}.${'sub.'.repeat(24)}attacker.example`

const signIn: SignInContext = {
  clientName: 'Claude Code',
  resourceName: 'Notes',
  email: '',
  action: `${action}/sign-in`,
  cancelAction: `${action}/cancel`,
  csrfToken,
}

const readScope: ConsentScopeContext = {
  name: 'notes:read',
  title: 'Read your notes',
  description: 'See titles and texts of all your notes, and search in them.',
  destructive: false,
  checked: true,
  alreadyGranted: false,
  required: false,
  includes: [],
  tools: [
    { title: 'List notes', name: 'list_notes', destructive: false },
    { title: 'Search notes', name: 'search_notes', destructive: false },
    { title: 'Read a note', name: 'read_note', destructive: false },
  ],
}

const writeScope: ConsentScopeContext = {
  ...readScope,
  name: 'notes:write',
  title: 'Write notes',
  description: 'Create notes and change those you have.',
  includes: ['Read your notes'],
  tools: [
    { title: 'Create a note', name: 'create_note', destructive: false },
    { title: 'Update a note', name: 'update_note', destructive: false },
  ],
}

const deleteScope: ConsentScopeContext = {
  ...readScope,
  name: 'notes:delete',
  title: 'Delete notes',
  description: 'Remove notes for good.',
  destructive: true,
  checked: false,
  tools: [{ title: 'Delete a note', name: 'delete_note', destructive: true }],
}

const identityScopes: readonly ConsentScopeContext[] = [
  { ...readScope, name: 'openid', title: 'Know that it is you', description: undefined, required: true, tools: [] },
  { ...readScope, name: 'email', title: 'See your email address', description: undefined, tools: [] },
  {
    ...readScope,
    name: 'offline_access',
    title: 'Stay connected while you are away',
    description: undefined,
    required: true,
    tools: [],
  },
]

const consent: ConsentContext = {
  client: {
    name: 'Claude',
    identity: { kind: 'verified', host: 'claude.ai', known: { product: 'Claude', maker: 'Anthropic' } },
    uri: 'https://claude.ai/',
    policyUri: 'https://www.anthropic.com/privacy',
    termsUri: 'https://www.anthropic.com/terms',
  },
  redirect: { kind: 'https', host: 'claude.ai' },
  resource: { name: 'Notes', url: 'https://mcp.example.com/mcp' },
  scopes: [readScope, writeScope, deleteScope],
  account: { email: 'ada@example.com' },
  lifetime: { days: 30 },
  action: `${action}/consent`,
  switchAccountAction: `${action}/switch-account`,
  csrfToken,
  seen: 'iJ8cX2mQ0c9dVx3pZ5nR7tL1bYwKfHsE4aGuO6qTjMk',
  readOnly: true,
}

const loopback: ConsentContext = {
  ...consent,
  client: { name: 'Claude Code', identity: { kind: 'unverified' }, looksLike: 'Claude Code' },
  redirect: { kind: 'loopback', onlyLoopback: true },
}

function hostileConsent(name: string): ConsentContext {
  return {
    ...loopback,
    client: {
      name,
      identity: { kind: 'verified', host: longHost },
      looksLike: name,
      uri: 'javascript:alert(1)',
      policyUri: `https://${longHost}/privacy`,
      termsUri: 'http://plain.example/terms',
    },
    redirect: { kind: 'https', host: longHost, documentHost: longHost },
    resource: { name, url: `https://${longHost}/mcp` },
    scopes: [
      { ...writeScope, name: 'w:'.repeat(100), title: name, description: name.repeat(3), includes: [name, name] },
      { ...deleteScope, required: true, tools: [{ title: name, name: 'tool_'.repeat(40), destructive: true }] },
    ],
    account: { email: `${'long-local-part.'.repeat(4)}@${longHost}`, name },
    lifetime: { days: 1 },
  }
}

function problem(kind: ErrorKind, details: Partial<ErrorContext> = {}): ErrorContext {
  return { ...details, kind, requestId: '0b0f5a3e-8f2c-4b7e-9a34-6d1f2f5f7c11' }
}

const errors: Readonly<Record<ErrorKind, ErrorContext>> = {
  'interaction-expired': problem('interaction-expired', { clientName: 'Claude Code' }),
  'interaction-used': problem('interaction-used', { clientName: 'Claude Code' }),
  'form-expired': problem('form-expired'),
  'unknown-client': problem('unknown-client', { code: 'invalid_client', description: 'the client is not registered' }),
  'client-unavailable': problem('client-unavailable', { code: 'invalid_client' }),
  'client-refused': problem('client-refused', { code: 'invalid_client' }),
  'bad-redirect': problem('bad-redirect', { code: 'invalid_redirect_uri', clientName: hostileTexts.markup }),
  'bad-request': problem('bad-request', { code: 'invalid_request', description: 'code_challenge is missing' }),
  'access-denied': problem('access-denied', { code: 'access_denied' }),
  'unknown-resource': problem('unknown-resource', { code: 'invalid_target' }),
  'set-up-unavailable': problem('set-up-unavailable'),
  'not-found': problem('not-found'),
  'wrong-host': problem('wrong-host'),
  busy: problem('busy', { code: 'temporarily_unavailable' }),
  'server-error': problem('server-error', { code: 'server_error' }),
}

function doneSample(clientName: string): DoneContext {
  return { outcome: 'allowed', clientName }
}

function forEachHostile<T>(make: (text: string) => T): Readonly<Record<string, T>> {
  return Object.fromEntries(Object.entries(hostileTexts).map(([name, value]) => [`hostile ${name}`, make(value)]))
}

export const viewSamples: ViewSamples = {
  'sign-in': {
    first: signIn,
    'by oneself': { email: '', action, csrfToken },
    wrong: { ...signIn, email: 'ada@example.com', error: 'wrong-credentials' },
    'too many': { ...signIn, email: 'ada@example.com', error: 'too-many-attempts', retryAfterSeconds: 840 },
    'too many, nearly over': { ...signIn, error: 'too-many-attempts', retryAfterSeconds: 1 },
    'form expired': { ...signIn, email: 'ada@example.com', error: 'form-expired' },
    busy: { ...signIn, error: 'busy' },
    ...forEachHostile((text) => ({ ...signIn, clientName: text, resourceName: text, email: text })),
  },
  consent: {
    verified: consent,
    loopback,
    'known with identity scopes': {
      ...consent,
      client: { name: 'Notes for Teams', identity: { kind: 'known' } },
      scopes: [...identityScopes, { ...readScope, alreadyGranted: true }, writeScope],
      account: { email: 'ada@example.com', name: 'Ada Lovelace' },
    },
    'step-up': { ...loopback, scopes: [{ ...readScope, alreadyGranted: true }, writeScope, deleteScope] },
    again: { ...loopback, scopes: [readScope, writeScope].map((scope) => ({ ...scope, alreadyGranted: true })) },
    'identity only': {
      ...consent,
      client: { name: 'Wiki', identity: { kind: 'known' } },
      resource: undefined,
      scopes: identityScopes,
      readOnly: false,
    },
    'private-use scheme': {
      ...loopback,
      client: { name: 'Cursor', identity: { kind: 'unverified' } },
      redirect: { kind: 'private-use', scheme: 'cursor' },
    },
    'verified stranger': { ...consent, client: { name: 'Wiki', identity: { kind: 'verified', host: 'wiki.example' } } },
    'borrowed name': {
      ...consent,
      client: { name: 'Claude', identity: { kind: 'verified', host: 'wiki.example' }, looksLike: 'Claude' },
      redirect: { kind: 'https', host: 'wiki.example' },
    },
    device: {
      ...loopback,
      redirect: undefined,
      device: { userCode: 'BDWP-HQPK', address: '203.0.113.7', isNear: false },
    },
    'device nearby': {
      ...consent,
      client: { name: 'Notes CLI', identity: { kind: 'unverified' } },
      redirect: undefined,
      device: { userCode: 'BDWP-HQPK', address: '203.0.113.7', isNear: true },
    },
    'no scopes': { ...loopback, resource: undefined, scopes: [], readOnly: false },
    ...forEachHostile(hostileConsent),
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
  'set-up': {
    first: { email: '', errors: {}, action: '/set-up/sample', csrfToken },
    mistakes: {
      email: 'ada',
      errors: {
        email: 'Enter an email address such as name@example.com.',
        password: 'Use at least 15 characters; this one has 8.',
      },
      action: '/set-up/sample',
      csrfToken,
    },
    ...forEachHostile((text) => ({ email: text, errors: { password: text }, action: '/set-up/sample', csrfToken })),
  },
  'set-up-done': {
    done: { email: 'ada@example.com', resourceUrl: 'http://localhost:4000/mcp' },
    long: { email: `${'a'.repeat(60)}@${longHost}`, resourceUrl: `https://${longHost}/mcp` },
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
  'signed-out': { plain: {} },
  done: {
    allowed: doneSample('Claude Code'),
    denied: { outcome: 'denied', clientName: 'Claude Code' },
    cancelled: { outcome: 'cancelled' },
    ...forEachHostile(doneSample),
  },
  error: { ...errors },
  home: {
    one: {
      resources: [{ name: 'Notes', url: 'http://localhost:4000/mcp' }],
      metadataUrl: 'http://localhost:3000/.well-known/oauth-authorization-server',
    },
    none: { resources: [], metadataUrl: 'https://auth.example.com/.well-known/oauth-authorization-server' },
    ...forEachHostile((name) => ({
      resources: [{ name, url: `https://${longHost}/mcp` }],
      metadataUrl: `https://${longHost}/.well-known/oauth-authorization-server`,
    })),
  },
}
