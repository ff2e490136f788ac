/** Reads Caddy's log: why requests failed. */
import { z } from 'zod'

const lineSchema = z.looseObject({
  ts: z.number(),
  level: z.string(),
  logger: z.string().default(''),
  msg: z.string(),
  request: z.looseObject({ method: z.string(), uri: z.string() }).optional(),
})

/** Health checks this many seconds before a failed request tell which replicas Caddy took for ready. */
const secondsBefore = 3

function parseLine(line: string): z.infer<typeof lineSchema> | undefined {
  try {
    return lineSchema.safeParse(JSON.parse(line)).data
  } catch {
    // Caddy writes a few lines as plain text while it starts.
    return undefined
  }
}

/** The errors among the lines of a JSON log, in order, and what health checks reported shortly ahead of each. */
export function requestErrors(log: string): string[] {
  const lines = log.split('\n').flatMap((line) => parseLine(line) ?? [])
  const isError = ({ level, request }: (typeof lines)[number]) => level === 'error' && request !== undefined
  const times = lines.filter(isError).map(({ ts }) => ts)
  return lines
    .filter(
      (line) =>
        isError(line) ||
        (line.logger.includes('health_checker') &&
          times.some((time) => line.ts <= time && line.ts > time - secondsBefore)),
    )
    .map(({ ts, msg, request, logger: _logger, level: _level, ...rest }) => {
      const { host, status_code: code, error, status } = rest
      const about = request === undefined ? `health check of ${String(host)}` : `${request.method} ${request.uri}`
      const details = [msg, status, code, error].filter((detail) => detail !== undefined)
      return `${new Date(ts * 1_000).toISOString()} Caddy: ${about}: ${details.join(', ')}`
    })
}
