-- AlterTable
ALTER TABLE "accounts" ADD COLUMN     "email_verified" BOOLEAN NOT NULL DEFAULT true;

-- CreateTable
CREATE TABLE "group_members" (
    "member" TEXT NOT NULL,
    "group_name" TEXT NOT NULL,
    "source" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "group_members_pkey" PRIMARY KEY ("member","group_name","source")
);

-- CreateIndex
CREATE INDEX "group_members_group_name_idx" ON "group_members"("group_name");

-- Written by hand from here. Triggers, because several ways lead to the end or another address of an account: a row that stayed would
-- make whoever gets the address next a member.
CREATE FUNCTION "keep_group_members"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD."email_verified" THEN
    INSERT INTO "group_members" ("member", "group_name", "source", "created_at")
      SELECT OLD."id", "group_name", "source", "created_at" FROM "group_members" WHERE "member" = OLD."email"
      ON CONFLICT DO NOTHING;
  END IF;
  IF TG_OP = 'DELETE' OR OLD."email_verified" THEN
    DELETE FROM "group_members" WHERE "member" = OLD."email" OR (TG_OP = 'DELETE' AND "member" = OLD."id");
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "accounts_renamed" AFTER UPDATE OF "email" ON "accounts" FOR EACH ROW
  WHEN (OLD."email" IS DISTINCT FROM NEW."email") EXECUTE FUNCTION "keep_group_members"();
CREATE TRIGGER "accounts_removed" AFTER DELETE ON "accounts" FOR EACH ROW EXECUTE FUNCTION "keep_group_members"();
