/** Clients that an operator makes with `gatehouse clients add`, before the servers start. */
import { runCli } from '../cli/terminal.js'

export interface Credentials {
  readonly clientId: string
  readonly clientSecret?: string
}

/** `flags`: of `gatehouse clients add`, beside `--name`. */
export async function addClient(
  settings: Readonly<Record<string, string>>,
  name: string,
  flags: readonly string[],
): Promise<Credentials> {
  const { stdout, stderr } = await runCli(['clients', 'add', '--name', name, ...flags], settings)
  const printed = (member: string) => new RegExp(`^${member} +(\\S+)$`, 'm').exec(stdout)?.[1]
  const clientId = printed('client_id')
  const clientSecret = printed('client_secret')
  if (clientId === undefined) throw new Error(`gatehouse clients add failed: ${stderr}`)
  return { clientId, ...(clientSecret === undefined ? {} : { clientSecret }) }
}
