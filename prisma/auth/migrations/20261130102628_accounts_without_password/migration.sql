-- AlterTable
ALTER TABLE "accounts" ALTER COLUMN "password_hash" DROP NOT NULL;
