/** Checks that the driver accepts a database URL, including the certificate files that it names. */
import pg from 'pg'

/**
 * Throws a one-line error that begins with the setting's name if the driver cannot use `url`. Does not connect. The error never repeats the
 * URL, which contains a password.
 */
export function refuseDatabaseUrl(setting: string, url: string | undefined): void {
  if (url === undefined) return
  try {
    void new pg.Client({ connectionString: url })
  } catch (error) {
    throw new Error(`${setting} cannot be used: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
