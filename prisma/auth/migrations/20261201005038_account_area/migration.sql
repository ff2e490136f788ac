-- AlterTable
ALTER TABLE "sessions" ADD COLUMN     "device" TEXT,
ADD COLUMN     "network" TEXT,
ADD COLUMN     "seen_at" TIMESTAMPTZ(3),
ADD COLUMN     "started_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "revocations" ADD COLUMN     "scopes" TEXT[];

-- CreateTable
CREATE TABLE "grant_origins" (
    "grant_id" TEXT NOT NULL,
    "client" JSONB NOT NULL,
    "device" TEXT,
    "network" TEXT,

    CONSTRAINT "grant_origins_pkey" PRIMARY KEY ("grant_id")
);

-- AddForeignKey
ALTER TABLE "grant_origins" ADD CONSTRAINT "grant_origins_grant_id_fkey" FOREIGN KEY ("grant_id") REFERENCES "grants"("id") ON DELETE CASCADE ON UPDATE CASCADE;
