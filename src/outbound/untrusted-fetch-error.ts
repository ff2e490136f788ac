/** The one error strangers' URLs ever cause: what went wrong is for the log, never for them (no probing oracle). */
export class UntrustedFetchError extends Error {
  constructor(detail: string, options?: ErrorOptions) {
    super(`refused or failed: ${detail}`, options)
    this.name = 'UntrustedFetchError'
  }
}

/** Nothing was tried: too much was running already. It says nothing about the URL. */
export class UntrustedFetchBusyError extends UntrustedFetchError {
  constructor(detail: string) {
    super(detail)
    this.name = 'UntrustedFetchBusyError'
  }
}
