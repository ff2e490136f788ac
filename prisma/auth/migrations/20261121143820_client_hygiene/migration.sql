-- AlterTable
ALTER TABLE "clients" ADD COLUMN     "last_used_at" TIMESTAMPTZ(3),
ADD COLUMN     "review_at" TIMESTAMPTZ(3) DEFAULT (CURRENT_TIMESTAMP + '1 day'::interval);

-- CreateIndex
CREATE INDEX "clients_review_at_idx" ON "clients"("review_at");

-- CreateIndex
CREATE INDEX "consents_client_id_idx" ON "consents"("client_id");

-- Written by hand from here. What the operator made is never reviewed.
UPDATE "clients" SET "review_at" = NULL WHERE "origin" = 'static';

-- Finds the registration access tokens of a client that is removed. Partial: issuing any other token does not touch it.
CREATE INDEX "artifacts_registration_client_idx" ON "artifacts"("client_id") WHERE "model" = 'RegistrationAccessToken';
