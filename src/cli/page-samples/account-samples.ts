/** Contexts of the account area's pages. */
import type {
  AccountBlock,
  AccountContext,
  AccountSectionName,
  AppsBlock,
  ConnectionContext,
} from '../../authorization-server/pages/account-views.js'
import { securitySamples } from './factor-samples.js'
import { forEachHostile } from './hostile-samples.js'

const sections: readonly AccountSectionName[] = ['overview', 'apps', 'sessions', 'profile']

function accountPage(section: AccountSectionName, ...blocks: readonly AccountBlock[]): AccountContext {
  return {
    section,
    sections: sections.map((name) => ({ name, href: name === 'overview' ? '/account' : `/account/${name}` })),
    email: 'ada@example.com',
    blocks,
    signOutAction: '/account/sign-out',
    csrfToken: 'sample-csrf-token',
  }
}

const overview: AccountBlock = {
  block: 'overview',
  email: 'ada@example.com',
  name: 'Ada Lovelace',
  provenAt: '2026-11-29T09:30:00.000Z',
}

const language: AccountBlock = {
  block: 'language',
  action: '/account/profile/language',
  languages: ['en', 'ar', 'de'],
  chosen: 'de',
}

const scope = {
  checked: true,
  alreadyGranted: false,
  required: false,
  destructive: false,
  includes: [],
  tools: [],
} as const

const connection: ConnectionContext = {
  id: 'sample-connection',
  client: { name: 'Claude Code', identity: { kind: 'verified', host: 'claude.ai' } },
  resources: [
    {
      name: 'Notes',
      url: 'https://notes.example.com/mcp',
      scopes: [
        { ...scope, name: 'notes:read', title: 'Read your notes' },
        {
          ...scope,
          name: 'notes:write',
          title: 'Write notes',
          description: 'Make notes and change them.',
          includes: ['Read your notes'],
          tools: [{ title: 'Delete a note', name: 'delete_note', destructive: true }],
        },
      ],
    },
  ],
  scopes: [{ ...scope, name: 'email', ours: 'email', title: '' }],
  since: '2026-10-04T08:00:00.000Z',
  usedAt: '2026-11-29T09:30:00.000Z',
  device: 'Mac, Firefox',
  network: '203.0.113.7',
}

const apps: AppsBlock & { readonly block: 'apps' } = {
  block: 'apps',
  connections: [
    connection,
    {
      ...connection,
      id: 'other',
      client: { name: 'Cursor', identity: { kind: 'unverified' }, nameWarning: { kind: 'product', name: 'Cursor' } },
      scopes: [],
      usedAt: undefined,
      device: undefined,
      network: undefined,
    },
  ],
  saveAction: '/account/apps/save',
  disconnectAction: '/account/apps/disconnect',
  csrfToken: 'sample-csrf-token',
}

const password: AccountBlock = {
  ...{ block: 'password', action: '/account/security/password', email: 'ada@example.com' },
  ...{ asksForCurrent: true, passwordLength: 15, errors: {} },
}

const providers: AccountBlock = {
  block: 'providers',
  providers: [
    { id: 'work', name: 'Acme', isLinked: true },
    { id: 'github', name: 'GitHub', isLinked: false },
  ],
  connectAction: '/account/security/connect',
  unlinkAction: '/account/security/unlink',
}

export const accountSamples: Readonly<Record<string, AccountContext>> = {
  'other ways to sign in': accountPage('security', providers),
  'the last way to sign in': accountPage('security', { ...providers, error: 'last-way' }),
  overview: accountPage('overview', overview),
  'without a name': accountPage('overview', { ...overview, name: undefined }),
  profile: accountPage('profile', language),
  'profile without a choice': accountPage('profile', { ...language, chosen: undefined }),
  password: accountPage('security', password),
  'password without the current one': accountPage('security', { ...password, asksForCurrent: false }),
  'wrong current password': accountPage('security', { ...password, errors: { current: 'wrong-credentials' } }),
  'weak password': accountPage('security', { ...password, errors: { password: 'too-short' } }),
  ...securitySamples(accountPage),
  saved: { ...accountPage('overview', overview), notice: 'saved' },
  'connected programs': accountPage('apps', apps),
  sessions: accountPage(
    'sessions',
    {
      block: 'sessions',
      sessions: [
        {
          id: 'one',
          isThis: true,
          since: connection.since,
          seenAt: connection.usedAt,
          device: 'Mac, Firefox',
          network: '203.0.113.7',
        },
        { id: 'other', isThis: false },
      ],
      endAction: '/account/sessions/end',
      everywhereAction: '/account/sessions/everywhere',
      csrfToken: 'sample-csrf-token',
    },
    {
      block: 'history',
      events: [
        { at: connection.since, type: 'consent.allowed' },
        { at: connection.since, type: 'sign_in.succeeded' },
      ],
    },
  ),
  'no program': accountPage('apps', { ...apps, connections: [] }),
  'nothing left': accountPage('apps', { ...apps, problem: { id: 'other', kind: 'nothing-left' } }),
  disconnected: { ...accountPage('apps', { ...apps, connections: [connection] }), notice: 'disconnected' },
  ...Object.fromEntries(
    Object.entries(
      forEachHostile((name) =>
        accountPage('apps', { ...apps, connections: [{ ...connection, client: { ...connection.client, name } }] }),
      ),
    ).map(([name, context]) => [`connected ${name}`, context]),
  ),
  ...forEachHostile((text) => ({ ...accountPage('overview', { ...overview, name: text, email: text }), email: text })),
}
