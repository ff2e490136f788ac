/** The resources that `gatehouse clients add` names: those that are declared, in the spelling that tokens have. */
import type { Config } from '../config/config.js'
import { createKnownResources } from '../declarations/known-resources.js'
import type { Declarations } from '../oauth/declared-resource.js'
import { type NamedClientMetadata, strings } from '../oauth/registration.js'
import { UsageError } from './command.js'

/** Each as tokens name it, once. Throws UsageError for what is not declared: of it there would be nothing to ask or to tell. */
function known(
  given: readonly string[],
  flag: string,
  { resources }: Declarations,
  { ISSUER_URL: issuer }: Config,
): readonly string[] {
  const declared = createKnownResources(resources, issuer)
  const found = given.map((identifier) => {
    const meant = declared.find(identifier)
    if (meant !== undefined) return meant
    throw new UsageError(
      declared.only === undefined
        ? `${flag}: ${identifier} is not declared (see \`resources list\`)`
        : `${flag} is ${declared.only}: tokens are issued for no other resource`,
    )
  })
  return [...new Set(found)]
}

/** The metadata with `introspects` and `resources` as tokens name them. Throws UsageError for one that is not declared. */
export function withResources(
  metadata: NamedClientMetadata,
  declarations: Declarations,
  config: Config,
): NamedClientMetadata {
  const { introspects, resources } = metadata
  if (Array.isArray(resources) && resources.length === 0)
    throw new UsageError('--set: resources must name at least one: leave it out for all')
  const ofServer = known(strings(introspects), '--introspects', declarations, config)
  return {
    ...metadata,
    ...(introspects === undefined ? {} : { introspects: ofServer.length === 1 ? ofServer[0] : ofServer }),
    ...(resources === undefined
      ? {}
      : { resources: known(strings(resources), '--set resources', declarations, config) }),
  }
}

/** A terminal's screen has room for so many beside what else is said. */
const mostLines = 5

/** Where the client's access is used: at the resources that it is limited to, or at all. */
export function urlLines({ resources }: NamedClientMetadata, declarations: Declarations): readonly string[] {
  const urls = resources === undefined ? declarations.resources.map(({ url }) => url) : strings(resources)
  const more = urls.length - mostLines
  return [
    ...urls.slice(0, mostLines).map((url) => `MCP URL        ${url}`),
    ...(more > 0 ? [`               and ${more} more: see \`resources list\``] : []),
  ]
}
