-- CreateTable
CREATE TABLE "revocations" (
    "id" BIGSERIAL NOT NULL,
    "transaction_id" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "kind" TEXT NOT NULL,
    "subject_hash" TEXT NOT NULL,
    "audiences" TEXT[],
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT clock_timestamp(),
    "expires_at" TIMESTAMPTZ(3) NOT NULL DEFAULT (clock_timestamp() + '01:10:00'::interval),

    CONSTRAINT "revocations_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "revocations_transaction_id_idx" ON "revocations"("transaction_id");

-- CreateIndex
CREATE INDEX "revocations_expires_at_idx" ON "revocations"("expires_at");

-- Written by hand from here. Triggers, because many ways lead to the end of a grant (revocation, reuse, a disabled account, a new
-- password, a removed client) and none may forget to say so. Nothing here runs when a token is issued.
CREATE FUNCTION "revocation_subject"(id TEXT) RETURNS TEXT LANGUAGE sql IMMUTABLE STRICT
  RETURN translate(rtrim(encode(sha256(convert_to(id, 'UTF8')), 'base64'), '='), '+/', '-_');

-- One that expired by itself, and is swept, has no token that lives. One for no resource in particular concerns every audience.
CREATE FUNCTION "note_ended_grants"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "revocations" ("kind", "subject_hash", "audiences")
  SELECT 'grant', "revocation_subject"("id"), (SELECT array_agg("resource") FROM jsonb_object_keys(
    CASE jsonb_typeof("payload" -> 'resources') WHEN 'object' THEN "payload" -> 'resources' ELSE '{}' END) AS "resource")
  FROM "ended" WHERE "expires_at" > now();
  RETURN NULL;
END $$;
CREATE TRIGGER "grants_ended" AFTER DELETE ON "grants" REFERENCING OLD TABLE AS "ended"
  FOR EACH STATEMENT EXECUTE FUNCTION "note_ended_grants"();

CREATE FUNCTION "note_removed_clients"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "revocations" ("kind", "subject_hash") SELECT 'client', "revocation_subject"("id") FROM "removed";
  RETURN NULL;
END $$;
CREATE TRIGGER "clients_removed" AFTER DELETE ON "clients" REFERENCING OLD TABLE AS "removed"
  FOR EACH STATEMENT EXECUTE FUNCTION "note_removed_clients"();

CREATE FUNCTION "note_ended_account"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO "revocations" ("kind", "subject_hash") VALUES ('account', "revocation_subject"(OLD."id"));
  RETURN NULL;
END $$;
CREATE TRIGGER "accounts_disabled" AFTER UPDATE OF "disabled_at" ON "accounts" FOR EACH ROW
  WHEN (OLD."disabled_at" IS NULL AND NEW."disabled_at" IS NOT NULL) EXECUTE FUNCTION "note_ended_account"();
CREATE TRIGGER "accounts_deleted" AFTER DELETE ON "accounts" FOR EACH ROW EXECUTE FUNCTION "note_ended_account"();
