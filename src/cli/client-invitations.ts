/** `gatehouse clients invite` and `withdraw-invitations`: initial access tokens (RFC 7591 §3) for REGISTRATION=token. */
import { createLogger } from '../base/log.js'
import { createAuditTrail } from '../storage/audit/audit.js'
import { createInvitation, withdrawInvitations } from '../storage/clients/invitations.js'
import { loadConfig, type Terminal, UsageError, writeLine } from './command.js'
import { withStorage } from './storage.js'

const maxHours = 720

function hoursFrom(text: string | undefined): number {
  const hours = Number(text ?? '24')
  if (!Number.isInteger(hours) || hours < 1 || hours > maxHours) {
    throw new UsageError(`--hours is a whole number from 1 to ${maxHours}`)
  }
  return hours
}

/** Prints a token that registers one client. */
export async function inviteClient(terminal: Terminal, hoursText: string | undefined): Promise<void> {
  const hours = hoursFrom(hoursText)
  const { registrationMode } = loadConfig(terminal)
  const value = await withStorage(terminal, async (storage) => {
    const invitation = await createInvitation(storage, hours * 3600)
    await createAuditTrail(storage, createLogger('silent')).record({ type: 'client.invited', detail: { hours } })
    return invitation
  })
  writeLine(terminal, `initial_access_token  ${value}`)
  terminal.stderr.write(
    `It registers one client within ${hours === 1 ? 'an hour' : `${hours} hours`}, is sent as "Authorization: Bearer …" to /register, and is shown this once.\n`,
  )
  if (registrationMode !== 'token') {
    terminal.stderr.write(
      `REGISTRATION is ${registrationMode} here: the token is asked for only when it is set to token.\n`,
    )
  }
}

export async function withdrawAllInvitations(terminal: Terminal): Promise<void> {
  const count = await withStorage(terminal, withdrawInvitations)
  writeLine(terminal, count === 1 ? 'Withdrew 1 unused token.' : `Withdrew ${count} unused tokens.`)
}
