/** How strongly a person has to be proven for a request (`acr`): by the client, by a resource's rules (`tokens.acr`), by the setting. */
import { type SignInLevel, strongerOf, weakestOf } from '../../oauth/sign-in-levels.js'
import { essentialContexts } from '../endpoints/requested-claims.js'
import type { Resources } from './resources.js'

export interface LevelRules {
  readonly resources: Resources
  /** What every sign-in must reach. */
  readonly requiredLevel?: SignInLevel | undefined
}

/** A request's parameters. */
interface Asking {
  parameter(name: string): string | undefined
  values(name: string): readonly string[]
}

/** The strongest of all that is demanded; `undefined`: any sign-in will do. */
export function demandedLevel(
  { resources, requiredLevel }: LevelRules,
  { parameter, values }: Asking,
): SignInLevel | undefined {
  const named = values('resource')
  const ofResources =
    named.length === 0
      ? [resources.fallback?.declared.tokens.acr]
      : named.map((each) => resources.find(each)?.declared.tokens.acr)
  const essential = essentialContexts(parameter('claims'))
  return [...ofResources, essential && weakestOf(essential)].reduce(strongerOf, requiredLevel)
}
