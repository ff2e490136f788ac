/** What is wrong with a password, in English, for the operator at a terminal. People read it on the set-up page in their language. */
import { readPageLanguages } from '../../pages/page-languages.js'
import { viewsFolder } from '../../pages/pages.js'
import { minimumPasswordLength, type Weakness } from './password-rules.js'

/** A sentence such as "Use at least 15 characters." */
export function inEnglish(weakness: Weakness): string {
  const parts = readPageLanguages([viewsFolder])
    .textOf('en')
    .sentence(`setUp.weakness.${weakness}`, { count: minimumPasswordLength })
  return parts.map((part) => ('words' in part ? part.words : part.value)).join('')
}
