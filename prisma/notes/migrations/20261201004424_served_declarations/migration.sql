-- AlterTable
ALTER TABLE "api_keys" ADD COLUMN     "resource" TEXT;

-- CreateTable
CREATE TABLE "served_declarations" (
    "id" INTEGER NOT NULL,
    "rows" TEXT NOT NULL,
    "read_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "served_declarations_pkey" PRIMARY KEY ("id")
);
