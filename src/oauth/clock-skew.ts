/** How far clocks of different machines may differ. */

/**
 * How far a time that somebody else wrote (`iat`, `nbf`) may lie in the future, in seconds. An honest one only does when the
 * reader's clock lags; taking it gives nobody more time than its `exp`. FAPI 2.0 refuses more than this.
 */
export const futureToleranceSeconds = 60
