-- CreateTable
CREATE TABLE "client_documents" (
    "kind" TEXT NOT NULL,
    "url" TEXT NOT NULL,
    "body" TEXT NOT NULL,
    "fingerprint" TEXT NOT NULL,
    "etag" TEXT,
    "fetched_at" TIMESTAMPTZ(3) NOT NULL,
    "fresh_until" TIMESTAMPTZ(3) NOT NULL,
    "usable_until" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "client_documents_pkey" PRIMARY KEY ("kind","url")
);

-- CreateIndex
CREATE INDEX "client_documents_usable_until_idx" ON "client_documents"("usable_until");
