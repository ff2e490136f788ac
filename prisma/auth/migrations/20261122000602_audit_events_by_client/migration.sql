-- CreateIndex
CREATE INDEX "audit_events_client_id_idx" ON "audit_events"("client_id");
