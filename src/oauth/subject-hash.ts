/** How a person is named in logs: not at all, but so that their lines can be told to be of one person. */
import { hash } from 'node:crypto'

/** The first 12 characters of SHA-256 in base64url, of a `sub`. Both servers say the same of one person. */
export function subjectHash(subject: string): string {
  return hash('sha256', subject, 'base64url').slice(0, 12)
}
