-- Every code and refresh token is inserted once and updated once. Room on its page lets PostgreSQL write the new version there
-- (heap-only tuple) and leave all indexes alone.
ALTER TABLE "artifacts" SET (fillfactor = 80);
