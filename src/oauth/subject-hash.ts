/** A short hash that stands for a person in logs: it names nobody, and links the lines of one person. */
import { hash } from 'node:crypto'

/** The first 12 characters of SHA-256 in base64url, of a `sub`. Both servers say the same of one person. */
export function subjectHash(subject: string): string {
  return hash('sha256', subject, 'base64url').slice(0, 12)
}
