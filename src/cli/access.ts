/** `gatehouse access`: an end to everything that was issued before a moment. */
import { createLogger } from '../base/log.js'
import { endAccessBefore } from '../storage/accounts/end-access.js'
import { createAuditTrail } from '../storage/audit/audit.js'
import { type Command, readArguments, type Terminal, UsageError, writeLine } from './command.js'
import { readMoment } from './moment.js'
import { withStorage } from './storage.js'

/** Undefined: now. */
function readBefore(text: string | undefined, { clock }: Terminal): Date | undefined {
  if (text === undefined)
    throw new UsageError(
      '--before is required: everything issued until that moment ends; `--before now` ends all of it',
    )
  if (text === 'now') return undefined
  const moment = readMoment('--before', text, clock)
  if (moment > clock.now()) throw new UsageError('--before must be a moment in the past')
  return moment
}

async function end(terminal: Terminal, before: Date | undefined): Promise<void> {
  const { grants, sessions, signIns, others } = await withStorage(terminal, async (storage) => {
    const ended = await endAccessBefore(storage, before)
    const detail = { before: (before ?? terminal.clock.now()).toISOString(), ...ended, by: 'command line' }
    await createAuditTrail(storage, createLogger('silent')).record({ type: 'access.ended', detail })
    return ended
  })
  writeLine(
    terminal,
    `Ended ${grants} grants, ${sessions} sessions, ${signIns} sign-ins in progress, ${others} codes and`,
  )
  writeLine(
    terminal,
    'tokens without a grant. People sign in and allow their clients again; accounts, clients and keys are as they were.',
  )
}

export const access: Command = {
  name: 'access',
  summary: 'End everything that was issued before a moment: after restoring a backup, or after a compromise.',
  usage: ['access end --before <moment>|now'],
  async run(terminal, args) {
    const { positionals, values } = readArguments(args, { before: { type: 'string' } })
    if (positionals.join(' ') !== 'end') throw new UsageError('say what to do: end --before <moment>')
    await end(terminal, readBefore(values.before, terminal))
  },
}
