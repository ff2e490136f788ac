/** The person's choice of language, on `/account/profile`. */
import { publicPath } from '../../http/http.js'
import { createAccountStore } from '../../storage/accounts/accounts.js'
import { pathOfSection } from './account-paths.js'
import type { AccountParts } from './parts.js'
import type { SectionPart } from './section.js'

export function languageChoice({ pages, storage }: Pick<AccountParts, 'pages' | 'storage'>): SectionPart {
  const accounts = createAccountStore(storage)
  return {
    show: async ({ ctx, account }) => [
      {
        block: 'language',
        action: publicPath(ctx, `${pathOfSection('profile')}/language`),
        languages: pages.languages,
        chosen: pages.languages.find((name) => name === account.language),
      },
    ],
    actions: {
      language: {
        run: async ({ account }, form) => {
          const asked = form.get('language')
          // Anything else than one of our languages is what the empty value says: the browser's.
          const chosen = pages.languages.find((name) => name === asked)
          await accounts.setLanguage(account.id, chosen)
          return { notice: 'saved' }
        },
      },
    },
  }
}
