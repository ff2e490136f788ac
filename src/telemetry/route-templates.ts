/** Maps paths to route templates, so that the number of label values stays bounded. Pure. */

/** The value for every path without a route: strangers can request any path. */
export const unknownRoute = 'other'

export type RouteTemplates = (path: string) => string

/** Templates such as `/interaction/:uid/consent`; a segment with a colon matches any segment. Literal segments take precedence. */
export function createRouteTemplates(templates: readonly string[]): RouteTemplates {
  const literal = new Set(templates.filter((template) => !template.includes('/:')))
  const patterns = templates
    .filter((template) => template.includes('/:'))
    .map((template) => ({ template, segments: template.split('/') }))
  return (path) => {
    if (literal.has(path)) return path
    const segments = path.split('/', 8)
    const found = patterns.find(
      ({ segments: wanted }) =>
        wanted.length === segments.length &&
        wanted.every((segment, index) =>
          segment.startsWith(':') ? segments[index] !== '' : segment === segments[index],
        ),
    )
    return found?.template ?? unknownRoute
  }
}

const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])

/** The method, or `other`: a request may have any method. */
export function knownMethod(method: string): string {
  return methods.has(method) ? method : 'other'
}
