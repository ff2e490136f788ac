-- CreateTable
CREATE TABLE "notes" (
    "id" TEXT NOT NULL,
    "owner_id" TEXT NOT NULL,
    "title" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "notes_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "notes_owner_id_updated_at_id_idx" ON "notes"("owner_id", "updated_at" DESC, "id");

-- Written by hand: what Prisma's schema language cannot say.
-- Words of title and body for full-text search. 'simple' folds case and knows no language: notes are in any.
ALTER TABLE "notes" ADD COLUMN "search" TSVECTOR NOT NULL GENERATED ALWAYS AS (
    setweight(to_tsvector('simple', "title"), 'A') || setweight(to_tsvector('simple', "body"), 'B')
) STORED;

CREATE INDEX "notes_search_idx" ON "notes" USING GIN ("search");
