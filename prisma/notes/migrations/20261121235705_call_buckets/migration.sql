-- CreateTable: UNLOGGED by hand. After a crash of the database server counting starts anew.
CREATE UNLOGGED TABLE "call_buckets" (
    "key" TEXT NOT NULL,
    "full_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "call_buckets_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "call_buckets_full_at_idx" ON "call_buckets"("full_at");
