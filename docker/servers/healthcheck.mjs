// Asks the server of this container for its resource metadata.
const { origin, pathname } = new URL(process.env.RESOURCE)
const { ok } = await fetch(`${origin}/.well-known/oauth-protected-resource${pathname}`, {
  signal: AbortSignal.timeout(4_000),
})
process.exit(ok ? 0 : 1)
