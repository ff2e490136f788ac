-- CreateIndex
CREATE INDEX "revocations_subject_hash_idx" ON "revocations"("subject_hash");
