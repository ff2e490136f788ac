/** Contexts of the account area's pages. */
import type {
  AccountBlock,
  AccountContext,
  AccountSectionName,
} from '../../../src/authorization-server/pages/account-views.js'
import { forEachHostile } from './hostile-samples.js'

const sections: readonly AccountSectionName[] = ['overview', 'profile']

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

export const accountSamples: Readonly<Record<string, AccountContext>> = {
  overview: accountPage('overview', overview),
  'without a name': accountPage('overview', { ...overview, name: undefined }),
  profile: accountPage('profile', language),
  'profile without a choice': accountPage('profile', { ...language, chosen: undefined }),
  saved: { ...accountPage('overview', overview), notice: 'saved' },
  ...forEachHostile((text) => ({ ...accountPage('overview', { ...overview, name: text, email: text }), email: text })),
}
