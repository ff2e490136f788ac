-- AlterTable
ALTER TABLE "account_invitations" ADD COLUMN     "kind" TEXT NOT NULL DEFAULT 'invitation',
ADD COLUMN     "name" TEXT,
ADD COLUMN     "password_hash" TEXT;
