/** Contexts of the consent page, for view-samples.ts. */

import type { ConsentContext, ConsentScopeContext } from '../../authorization-server/pages/views.js'
import { forEachHostile, longHost } from './hostile-samples.js'

const csrfToken = 'sample-csrf-token'
const action = '/interaction/sample'

export const readScope: ConsentScopeContext = {
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

export const writeScope: ConsentScopeContext = {
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

export const deleteScope: ConsentScopeContext = {
  ...readScope,
  name: 'notes:delete',
  title: 'Delete notes',
  description: 'Remove notes for good.',
  destructive: true,
  checked: false,
  tools: [{ title: 'Delete a note', name: 'delete_note', destructive: true }],
}

export const identityScopes: readonly ConsentScopeContext[] = [
  { ...readScope, name: 'openid', ours: 'openid', title: '', description: undefined, required: true, tools: [] },
  { ...readScope, name: 'email', ours: 'email', title: '', description: undefined, tools: [] },
  {
    ...readScope,
    name: 'offline_access',
    ours: 'offline_access',
    title: '',
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
  accountUrl: '/account/apps',
  switchAccountAction: `${action}/switch-account`,
  csrfToken,
  seen: 'iJ8cX2mQ0c9dVx3pZ5nR7tL1bYwKfHsE4aGuO6qTjMk',
  readOnly: true,
  shown: 'ask.1790000000000.sample',
}

export const loopback: ConsentContext = {
  ...consent,
  handOff: 'without-destructive',
  client: {
    name: 'Claude Code',
    identity: { kind: 'unverified' },
    nameWarning: { kind: 'product', name: 'Claude' },
  },
  redirect: { kind: 'loopback', host: 'localhost:53712', onlyLoopback: true },
}

function hostileConsent(name: string): ConsentContext {
  return {
    ...loopback,
    client: {
      name,
      identity: { kind: 'verified', host: longHost },
      nameWarning: { kind: 'operator', name },
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

const closeScope: ConsentScopeContext = {
  ...readScope,
  name: 'tickets:close',
  title: 'Close tickets',
  description: undefined,
  checked: false,
  barredFor: 'registered',
  tools: [],
}

const several: ConsentContext = {
  ...loopback,
  resource: undefined,
  parts: [
    {
      name: 'Acme Tickets',
      url: 'https://mcp.example.com/tickets',
      description: "Your team's tickets.",
      scopes: [
        { ...readScope, value: 'https://mcp.example.com/tickets read', name: 'read', title: 'Read tickets', tools: [] },
        { ...closeScope, value: 'https://mcp.example.com/tickets tickets:close' },
      ],
    },
    {
      name: 'Notes',
      url: 'https://mcp.example.com/mcp',
      scopes: [readScope, writeScope, deleteScope].map((scope) => ({
        ...scope,
        value: `https://mcp.example.com/mcp ${scope.name}`,
      })),
    },
  ],
  scopes: identityScopes,
}

export const consentSamples: Readonly<Record<string, ConsentContext>> = {
  verified: consent,
  several,
  'several without identity': { ...several, scopes: [] },
  'partly barred': { ...loopback, scopes: [readScope, { ...writeScope, checked: false, barredFor: 'registered' }] },
  'withheld from the person': {
    ...loopback,
    scopes: [readScope, { ...writeScope, checked: false, barredFor: 'person' }],
  },
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
  'claimed host': {
    ...loopback,
    client: { name: 'Claude Code', identity: { kind: 'unverified', claim: { kind: 'host', host: 'claude.ai' } } },
  },
  'claimed registration': {
    ...loopback,
    client: { name: 'Notes CLI', identity: { kind: 'unverified', claim: { kind: 'operator' } } },
    handOff: 'complete',
  },
  'shared host': {
    ...consent,
    client: {
      name: 'Wiki',
      identity: { kind: 'unverified', claim: { kind: 'shared-host', host: 'wiki.github.io', shared: 'github.io' } },
    },
    redirect: { kind: 'https', host: 'wiki.github.io' },
  },
  'official word': {
    ...consent,
    client: {
      name: 'Account Security',
      identity: { kind: 'verified', host: 'wiki.example' },
      nameWarning: { kind: 'word', word: 'security' },
    },
    redirect: { kind: 'https', host: 'wiki.example' },
  },
  'word in a host': {
    ...consent,
    client: {
      name: 'Wiki',
      identity: { kind: 'verified', host: 'login.wiki.example', below: 'login.', word: 'login' },
    },
    redirect: { kind: 'https', host: 'login.wiki.example', below: 'login.' },
  },
  'claimed links': {
    ...loopback,
    client: {
      name: 'Wiki',
      identity: { kind: 'unverified' },
      uri: 'https://claude.ai/',
      policyUri: 'https://wiki.example/',
    },
  },
  'own links': {
    ...consent,
    client: {
      name: 'Wiki',
      identity: { kind: 'verified', host: 'mcp.wiki.example:8443', below: 'mcp.' },
      uri: 'https://wiki.example/',
      policyUri: 'https://www.wiki.example/privacy',
    },
  },
  'local host': {
    ...loopback,
    client: { name: 'Wiki', identity: { kind: 'unverified', claim: { kind: 'local-host', host: 'wiki.local' } } },
  },
  'mixed alphabets': {
    ...loopback,
    client: { name: 'Nоtebook', identity: { kind: 'unverified' }, nameWarning: { kind: 'mixed-scripts' } },
  },
  'too early': { ...consent, problem: 'tooEarly' },
  'nothing ticked': { ...loopback, scopes: [{ ...deleteScope, checked: false }], problem: 'nothingTicked' },
  'nothing new ticked': {
    ...loopback,
    scopes: [
      { ...deleteScope, checked: false },
      { ...readScope, alreadyGranted: true },
      { ...writeScope, alreadyGranted: true },
    ],
    problem: 'nothingNew',
    knowsNothingIsNew: true,
  },
  'verified stranger': { ...consent, client: { name: 'Wiki', identity: { kind: 'verified', host: 'wiki.example' } } },
  'borrowed name': {
    ...consent,
    client: {
      name: 'Claude',
      identity: { kind: 'verified', host: 'wiki.example' },
      nameWarning: { kind: 'product', name: 'Claude' },
    },
    redirect: { kind: 'https', host: 'wiki.example' },
  },
  device: {
    ...loopback,
    redirect: undefined,
    handOff: undefined,
    device: { userCode: 'BDWP-HQPK', asker: { kind: 'elsewhere', address: '203.0.113.7' } },
  },
  'device asked for by a website': {
    ...loopback,
    redirect: undefined,
    handOff: undefined,
    device: { userCode: 'BDWP-HQPK', asker: { kind: 'website', host: 'tv.example' } },
  },
  'device nearby': {
    ...consent,
    client: { name: 'Notes CLI', identity: { kind: 'unverified' } },
    redirect: undefined,
    device: { userCode: 'BDWP-HQPK', asker: { kind: 'near' } },
  },
  'no scopes': { ...loopback, resource: undefined, scopes: [], readOnly: false },
  ...forEachHostile(hostileConsent),
}
