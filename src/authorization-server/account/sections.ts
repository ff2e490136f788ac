/** The sections of the account area, in the order of their links. */

import { createApps } from './apps.js'
import { createConnectedProviders } from './connected-providers.js'
import { createFactors } from './factors.js'
import { languageChoice } from './language.js'
import type { AccountParts } from './parts.js'
import { createPasswordChange } from './password-change.js'
import type { AccountSection } from './section.js'
import { createSessions } from './sessions.js'

export function createSections(parts: AccountParts): readonly AccountSection[] {
  return [
    {
      name: 'overview',
      parts: [
        {
          show: async ({ account, session }) => [
            { block: 'overview', email: account.email, name: account.name, provenAt: session.provenAt.toISOString() },
          ],
        },
      ],
    },
    { name: 'apps', parts: [createApps(parts)] },
    { name: 'security', parts: [createPasswordChange(parts), createFactors(parts), createConnectedProviders(parts)] },
    { name: 'sessions', parts: [createSessions(parts)] },
    { name: 'profile', parts: [languageChoice(parts)] },
  ]
}
